#!/usr/bin/env python3
"""Copies an image of an OCI layout to a registry over HTTP, byte for byte whatever its media types are (skopeo rewrites
some). With --platform the tag names an image index that holds the image for that platform alone."""
import argparse
import json
import os
import urllib.request

INDEX = "application/vnd.oci.image.index.v1+json"


def send(method, url, data=None, kind="application/octet-stream"):
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
    with urllib.request.urlopen(request) as answer:
        return answer.headers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("layout")
    parser.add_argument("registry", help="host:port")
    parser.add_argument("name")
    parser.add_argument("tag")
    parser.add_argument("--platform", metavar="OS/ARCH")
    arguments = parser.parse_args()
    base = f"http://{arguments.registry}/v2/{arguments.name}"

    def read(digest):
        with open(os.path.join(arguments.layout, "blobs", *digest.split(":")), "rb") as file:
            return file.read()

    with open(os.path.join(arguments.layout, "index.json"), encoding="utf-8") as file:
        descriptor = json.load(file)["manifests"][0]
    manifest = read(descriptor["digest"])
    parsed = json.loads(manifest)
    for blob in [parsed["config"], *parsed["layers"]]:
        location = send("POST", f"{base}/blobs/uploads/", b"")["Location"]
        mark = "&" if "?" in location else "?"
        send("PUT", f"{location}{mark}digest={blob['digest']}", read(blob["digest"]))
    reference = descriptor["digest"] if arguments.platform else arguments.tag
    send("PUT", f"{base}/manifests/{reference}", manifest, descriptor["mediaType"])
    if arguments.platform:
        system, architecture = arguments.platform.split("/")
        entry = {key: descriptor[key] for key in ("mediaType", "digest", "size")}
        entry["platform"] = {"os": system, "architecture": architecture}
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
        send("PUT", f"{base}/manifests/{arguments.tag}", index, INDEX)


if __name__ == "__main__":
    main()
