"""A registry with faults. usage: registry-faults.py BLOB-FILE

Prints the ports of the registry and of its object store, then serves until standard input closes. The repository in the
URL chooses the fault. GET /stats gives the counters as JSON.
"""
import base64
import hashlib
import json
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter
from urllib.parse import parse_qs, urlparse

import loopback

BLOB = open(sys.argv[1], "rb").read()
DIGEST = "sha256:" + hashlib.sha256(BLOB).hexdigest()
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
stats = Counter()
tokens = {}
lock = threading.Lock()


def count(what):
    with lock:
        stats[what] += 1
        return stats[what]


class Handler(loopback.Handler):
    def range(self):
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match:
            return None
        return int(match[1]), min(int(match[2] or len(BLOB) - 1), len(BLOB) - 1)

    def blob(self):
        """The well-behaved answer."""
        wanted = self.range()
        if wanted is None:
            return self.answer(200, BLOB)
        first, last = wanted
        self.answer(206, BLOB[first:last + 1], Content_Range=f"bytes {first}-{last}/{len(BLOB)}")

    def reset(self):
        """Ends the connection with RST, which takes back what the client has not read yet."""
        time.sleep(0.1)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def chunked(self, status, body, **headers):
        self.begin(status, **headers)
        self.chunk(body)
        self.chunk(b"")


class Store(Handler):
    """The object store: its URLs are signed, and good for three requests each. It wants no Authorization."""

    def do_GET(self):
        query = parse_qs(urlparse(self.path).query)
        if "Authorization" in self.headers:
            count("store-saw-authorization")
            return self.answer(400, b"<Error><Code>InvalidArgument</Code></Error>")
        signature = query.get("signature", ["none"])[0]
        if count("signature-" + signature) > 3:
            count("store-expired")
            return self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        count("store-served")
        self.blob()


class Registry(Handler):
    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        body = self.body()
        if self.path.startswith("/token"):
            fields = parse_qs(body.decode())
            if fields.get("refresh_token") == ["refresh-me"] and fields.get("grant_type") == ["refresh_token"]:
                return self.token(fields["scope"][0])
            return self.answer(401)
        self.answer(404)

    def token(self, scope):
        number = count("token-issued")
        time.sleep(0.2)
        name = f"token-{number}"
        with lock:
            tokens[name] = scope
        self.answer(200, json.dumps({"token": name, "expires_in": 300}).encode())

    def do_GET(self):
        url = urlparse(self.path)
        if url.path == "/stats":
            return self.answer(200, json.dumps(stats).encode())
        if url.path == "/token":
            query = parse_qs(url.query)
            user = self.headers.get("Authorization", "")
            if user != "Basic " + base64.b64encode(b"hermes:secret").decode():
                count("token-refused")
                return self.answer(401)
            return self.token(query["scope"][0])
        # A mirror's path may say that all its repositories are to be as bad as one.
        match = re.fullmatch(
            r"(?:/as-([a-z0-9-]+)(?:/v2)?|/v2)/([a-z0-9-]+)/(blobs|manifests|referrers)/(.*)", url.path)
        if not match:
            count("unknown")
            return self.answer(404)
        behaviour, repository, kind, what = match.groups()
        repository = behaviour or repository
        for name in parse_qs(url.query).get("ns", []):
            count("ns-" + name)
        if "X-Mirror" in self.headers:
            count("header-" + ",".join(self.headers.get_all("X-Mirror")))
        number = count(repository)
        getattr(self, kind)(repository, what, number, url)

    def authorized(self, repository):
        """A token of ours, of the right scope; each is good for five requests."""
        name = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with lock:
            good = tokens.get(name) == f"repository:{repository}:pull"
        if good and count("uses-" + name) <= 5:
            return True
        host = self.headers["Host"]
        self.answer(
            401, b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
            Www_Authenticate=f'Bearer realm="http://{host}/token",service="fault, \\"server\\"",error="invalid_token"')
        return False

    def blobs(self, repository, what, number, url):
        first, last = self.range() or (0, len(BLOB) - 1)
        with lock:
            stats[repository + "-first"] = first
        body = BLOB[first:last + 1]
        right = f"bytes {first}-{last}/{len(BLOB)}"
        if repository == "plain":
            self.blob()
        elif repository == "no-range":
            self.answer(200, BLOB)
        elif repository == "no-range-no-length":
            self.chunked(200, BLOB)
        elif repository == "short-body":
            self.answer(206, body[:len(body) // 2], length=len(body), Content_Range=right)
            self.close_connection = True
        elif repository == "short-chunks":
            self.chunked(206, body[:len(body) // 2], Content_Range=right)
        elif repository == "wrong-range":
            self.answer(206, body, Content_Range=f"bytes {first + 1}-{last + 1}/{len(BLOB)}")
        elif repository == "wide-range":
            start, end = max(0, first - 1000), min(len(BLOB) - 1, last + 1000)
            self.answer(206, BLOB[start:end + 1], Content_Range=f"bytes {start}-{end}/{len(BLOB)}")
        elif repository == "no-content-range":
            self.answer(206, body)
        elif repository == "multipart":
            self.answer(206, body, Content_Type="multipart/byteranges; boundary=x", Content_Range=right)
        elif repository == "too-long":
            self.chunked(206, body + b"more", Content_Range=right)
        elif repository == "encoded":
            self.answer(206, body, Content_Encoding="gzip", Content_Range=right)
        elif repository == "unsatisfiable":
            self.answer(416, Content_Range=f"bytes */{len(BLOB)}")
        elif repository == "busy":
            self.answer(503) if number <= 2 else self.blob()
        elif repository == "always-busy":
            self.answer(503)
        elif repository == "resetting":
            # 300 kB at a time, out of what was asked for.
            if len(body) <= 300_000:
                return self.blob()
            self.answer(206 if self.range() else 200, body[:300_000], length=len(body), Content_Range=right)
            self.wfile.flush()
            self.reset()
        elif repository == "dripping":
            self.answer(206 if self.range() else 200, body[:1], length=len(body), Content_Range=right)
            self.close_connection = True
        elif repository == "silent":
            time.sleep(600)
        elif repository == "late":
            time.sleep(1.6)
            self.blob()
        elif repository == "stalling":
            # 300 kB, and then nothing more.
            if len(body) <= 300_000:
                return self.blob()
            self.answer(206, body[:300_000], length=len(body), Content_Range=right)
            self.wfile.flush()
            time.sleep(600)
        elif repository == "deaf":
            # A connection is good for one request; the next gets no answer.
            self.requests = getattr(self, "requests", 0) + 1
            if self.requests > 1:
                count("deaf-unanswered")
                time.sleep(600)
            time.sleep(0.3)
            self.blob()
        elif repository == "limited":
            self.answer(429, Retry_After="3600") if number == 1 else self.blob()
        elif repository == "corrupt":
            self.answer(206, bytes(byte ^ 0x10 for byte in body), Content_Range=right)
        elif repository == "tokens":
            if self.authorized(repository):
                self.blob()
        elif repository in ("expiring", "denying"):
            # A login in every request, which is good for three; then the answer is ECR's.
            user = self.headers.get("Authorization", "")
            if not user.startswith("Basic "):
                return self.answer(401, Www_Authenticate='Basic realm="test"')
            if repository == "denying" or count("login-" + user) > 3:
                status = 400 if number % 2 else 403
                message = "no" if repository == "denying" else "Your Authorization Token has expired. Reauthenticate"
                return self.answer(status, json.dumps({"errors": [{"code": "DENIED", "message": message}]}).encode())
            self.blob()
        elif repository == "redirecting":
            if self.authorized(repository):
                location = f"http://127.0.0.1:{store.server_port}/blob?signature={number}&token=topsecret"
                self.answer(307, b"go there", Location=location)
        elif repository == "loop":
            self.answer(302, Location=url.path)
        elif repository == "to-file":
            self.answer(302, Location="file:///etc/passwd")
        elif repository == "endless-headers":
            self.send_response(200)
            for item in range(20000):
                self.send_header(f"X-{item}", "x" * 100)
            self.end_headers()
        else:
            self.answer(404, b'{"errors":[{"code":"BLOB_UNKNOWN","message":"no\\u001b[31m such\\nblob"}]}')

    def manifests(self, repository, what, number, url):
        document = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": len(BLOB)},
        }).encode()
        digest = "sha256:" + hashlib.sha256(document).hexdigest()
        if repository == "busy":
            if number <= 1:
                return self.answer(429, Retry_After="1")
            if number <= 3:
                return self.answer(503)
            self.answer(200, document, Content_Type=MANIFEST, Docker_Content_Digest=digest)
        elif repository == "headless":
            if self.command == "HEAD":
                return self.answer(405)
            self.answer(200, document, Content_Type=MANIFEST + "; charset=utf-8")
        elif repository == "other-bytes":
            self.answer(200, document + b" ", Content_Type=MANIFEST, Docker_Content_Digest=digest)
        elif repository == "schema1":
            old = b'{"schemaVersion":1,"fsLayers":[]}'
            self.answer(200, old, Content_Type="application/vnd.docker.distribution.manifest.v1+prettyjws")
        elif repository == "endless":
            self.chunked(200, b" " * (6 << 20), Content_Type=MANIFEST)
        else:
            self.answer(404)

    def referrers(self, repository, what, number, url):
        if repository != "referring":
            return self.answer(404)
        def entry(number, kind):
            return {"mediaType": MANIFEST, "size": number, "artifactType": kind,
                    "digest": "sha256:" + hashlib.sha256(b"%d" % number).hexdigest()}
        if "page=2" in url.query:
            page = [entry(3, "application/a"), entry(4, "application/b")]
            link = {}
        else:
            page = [entry(1, "application/a"), entry(2, "application/b")]
            link = {"Link": f'<{url.path}?page=2>; rel="next"'}
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": page}
        self.answer(200, json.dumps(document).encode(), Content_Type=INDEX, **link)


registry, store = loopback.listen(Registry), loopback.listen(Store)
loopback.serve(registry, store)
