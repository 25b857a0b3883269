#!/usr/bin/env python3
"""A stand-in for the controller that keeps indexes: controller.py LAYOUT MODE-FILE PORT-FILE

Serves the newest index of an OCI layout for every image, over the API that hermes daemon asks. What MODE-FILE holds decides:
good, with zTOCs as zstd; plain, without; missing (404); error (500); garbage; hang; other (the index of another image); wrong (other bytes than the digest's).
"""
import http.server
import json
import os
import subprocess
import sys
import time
import urllib.parse

LAYOUT, MODE_FILE, PORT_FILE = sys.argv[1:4]


def mode():
    with open(MODE_FILE) as file:
        return file.read().strip()


def manifests():
    with open(LAYOUT + "/index.json") as file:
        return json.load(file)["manifests"]


def blob(digest):
    with open(LAYOUT + "/blobs/sha256/" + digest.split(":")[1], "rb") as file:
        return file.read()


def index_of(image):
    """The newest index whose subject is the image's manifest; another one in the mode "other"."""
    digest = image.rsplit("@", 1)[1]
    for entry in reversed(manifests()):
        if (json.loads(blob(entry["digest"]))["subject"]["digest"] == digest) != (mode() == "other"):
            return entry
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, coding=None):
        self.send_response(status)
        if coding:
            self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if mode() == "hang":
            time.sleep(3600)
        elif mode() == "error":
            self.answer(500, b'{"error":"no disk"}')
        elif mode() == "garbage":
            self.answer(200, os.urandom(1000))
        elif url.path == "/v1/indexes/resolve":
            self.resolve(urllib.parse.parse_qs(url.query))
        else:
            body = blob(url.path.rsplit("/", 1)[1])
            if mode() == "wrong":
                body = bytes(len(body))
            if mode() == "plain" or "zstd" not in self.headers.get("Accept-Encoding", ""):
                return self.answer(200, body)
            print("compressed", flush=True)
            self.answer(200, subprocess.run(["zstd", "-qc"], input=body, stdout=subprocess.PIPE, check=True).stdout, "zstd")

    def resolve(self, query):
        image, platform = query["image"][0], query["platform"][0]
        entry = None if mode() == "missing" else index_of(image)
        if entry is None:
            return self.answer(404, json.dumps({"error": "index not ready for image=" + image}).encode())
        found = {key: entry[key] for key in ("mediaType", "digest", "size")}
        body = {"image": image, "platform": platform, "sociIndex": found, "ztocs": []}
        return self.answer(200, json.dumps(body).encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(PORT_FILE + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
