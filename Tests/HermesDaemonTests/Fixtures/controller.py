"""A stand-in for a controller. Prints its port; ends when its standard input closes.

The first part of a path is how it behaves, before the paths of the API:

/good         the API: it has an index of the image registry.example/app, and the blobs INDEX and ZTOC
/echo-STATUS  answers /v1/indexes/resolve with that status and, as its body, the image's name before its digest
/wrong, /short, /long, /endless, /cut   blobs that are not what they should be
/zstd         as good, and the zTOC comes compressed or, to a client that does not take that, not at all
/zstd-KIND    compressed blobs that are not what they should be: see damaged()
/gzip         blobs in a coding that nobody asked for
/hang         no answer at all
/count/MODE   how many requests came to that mode
"""
import collections
import hashlib
import json
import os
import subprocess
import threading
from urllib.parse import parse_qs, urlsplit

import loopback

INDEX = b"index" * 200
ZTOC = bytes(range(256)) * (5 << 12)
DIGEST = "sha256:" + "d" * 64
counts = collections.Counter()


def digest(blob):
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def zstd(blob, *options):
    return subprocess.run(["zstd", "-qc", *options], input=blob, stdout=subprocess.PIPE, check=True).stdout


def damaged(kind, blob):
    """What is sent as the zstd form of a blob."""
    whole = zstd(blob)
    magic = bytes.fromhex("28b52ffd")
    return {
        "frames": lambda: zstd(blob[:1000]) + zstd(blob[1000:]),
        "cut": lambda: whole[:-10],
        "none": lambda: b"",
        "garbage": lambda: os.urandom(1000),
        "plain": lambda: blob,
        "tail": lambda: whole + b"tail",
        "wrong": lambda: zstd(blob[:-1] + b"?"),
        "short": lambda: zstd(blob[:-1]),
        "long": lambda: zstd(blob + b"?"),
        # 1 GiB of zeros.
        "bomb": lambda: zstd(bytes(1 << 30)),
        # A window of 128 MiB and an empty last block, before the right content.
        "window": lambda: magic + bytes.fromhex("0088010000") + whole,
        # Frames of no content: 9 bytes each.
        "empty": lambda: (magic + bytes.fromhex("2000010000")) * (1 << 20) + whole,
    }[kind]()


BLOBS = {digest(blob): blob for blob in (INDEX, ZTOC)}


class Handler(loopback.Handler):
    def do_GET(self):
        url = urlsplit(self.path)
        mode, _, path = url.path[1:].partition("/")
        if mode == "count":
            return self.answer(200, b"%d" % counts[path])
        counts[mode] += 1
        if mode == "hang":
            threading.Event().wait()
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if path == "v1/indexes/resolve":
            return self.resolve(mode, query["image"], query["platform"])
        blob = BLOBS.get(path.removeprefix("v1/blobs/"))
        if blob is None:
            return self.answer(404, b'{"error":"no such blob"}')
        getattr(self, "blob_" + mode.partition("-")[0])(blob)

    def resolve(self, mode, image, platform):
        if mode.startswith("echo-"):
            return self.answer(int(mode.split("-")[1]), image.rpartition("@")[0].encode(), Location="/good/v1/indexes/resolve")
        if image != f"registry.example/app@{DIGEST}" or platform != "linux/amd64":
            return self.answer(404, json.dumps({"error": f"index not ready for {image}"}).encode())
        index = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(INDEX), "size": len(INDEX)}
        ztoc = {"layerDigest": DIGEST, "ztocDigest": digest(ZTOC), "size": len(ZTOC)}
        self.answer(200, json.dumps({"image": image, "platform": platform, "sociIndex": index, "ztocs": [ztoc]}).encode())

    def blob_good(self, blob):
        self.answer(200, blob)

    def blob_zstd(self, blob):
        if "zstd" not in self.headers.get("Accept-Encoding", ""):
            return self.answer(500 if blob is ZTOC else 200, blob)
        _, _, kind = self.path.split("/")[1].partition("-")
        self.answer(200, damaged(kind, blob) if kind else zstd(blob), Content_Encoding="zstd")

    def blob_gzip(self, blob):
        self.answer(200, blob, Content_Encoding="gzip")

    def blob_wrong(self, blob):
        self.answer(200, blob[:-1] + b"?")

    def blob_short(self, blob):
        self.answer(200, blob[:-1])

    def blob_long(self, blob):
        self.answer(200, blob + b"?")

    def blob_echo(self, blob):
        self.answer(500, b"")

    def blob_endless(self, _):
        self.begin()
        try:
            while True:
                self.chunk(b"x" * 65536)
        except OSError:
            self.close_connection = True

    def blob_cut(self, blob):
        self.answer(200, blob[:-100], length=len(blob))
        self.close_connection = True


loopback.serve(loopback.listen(Handler))
