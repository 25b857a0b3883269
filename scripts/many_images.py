#!/usr/bin/env python3
"""Pushes tiny images, each with a layer of its own above one that all share: many_images.py REGISTRY PREFIX COUNT

Their names are PREFIX-0, PREFIX-1 and so on, with the tag v1. Prints the digests of all layers, each once."""
import gzip
import hashlib
import http.client
import io
import json
import random
import sys
import tarfile

from oci_layout import OCI


def layer(name, data):
    """The layer with one file: its bytes and its diff ID."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(tar.getvalue(), 1, mtime=0), digest(tar.getvalue())


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def main():
    registry, prefix, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    connection = http.client.HTTPConnection(registry)

    def send(method, path, data, kind="application/octet-stream"):
        connection.request(method, path, data, {"Content-Type": kind})
        answer = connection.getresponse()
        body = answer.read().decode()
        if answer.status not in (201, 202):
            raise SystemExit(f"error: {method} {path} answers {answer.status}: {body[:300]}")
        return answer.headers.get("Location")

    def push(name, data):
        location = send("POST", f"/v2/{name}/blobs/uploads/", b"")
        path = location[location.index("/v2/"):]
        send("PUT", f"{path}{'&' if '?' in path else '?'}digest={digest(data)}", data)
        return {"digest": digest(data), "size": len(data)}

    bytes_of = random.Random(1)
    shared = layer("shared", bytes_of.randbytes(20000))
    print(digest(shared[0]))
    for number in range(count):
        name = f"{prefix}-{number}"
        layers = [shared, layer("own", name.encode() + bytes_of.randbytes(5000))]
        print(digest(layers[1][0]))
        config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [each[1] for each in layers]}}
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI["manifest"],
            "config": {"mediaType": OCI["config"], **push(name, json.dumps(config).encode())},
            "layers": [{"mediaType": OCI["layer"] + OCI["gzip"], **push(name, each[0])} for each in layers],
        }
        send("PUT", f"/v2/{name}/manifests/v1", json.dumps(manifest).encode(), OCI["manifest"])


if __name__ == "__main__":
    main()
