#!/usr/bin/env python3
"""Copies an image of an OCI layout to a registry over HTTP, byte for byte whatever its media types are (skopeo rewrites
some). With --platform the tag names an image index that holds the image for that platform alone. With --referrer the
manifest has no tag, and is listed as the newest under its subject's fallback tag."""
import argparse
import json
import os
import urllib.error
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
    parser.add_argument("--referrer", action="store_true")
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
    reference = descriptor["digest"] if arguments.platform or arguments.referrer else arguments.tag
    send("PUT", f"{base}/manifests/{reference}", manifest, descriptor["mediaType"])
    if arguments.referrer:
        tag = parsed["subject"]["digest"].replace(":", "-")
        try:
            request = urllib.request.Request(f"{base}/manifests/{tag}", headers={"Accept": INDEX})
            with urllib.request.urlopen(request) as answer:
                listed = json.load(answer)["manifests"]
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            listed = []
        entry = {key: descriptor[key] for key in ("mediaType", "digest", "size")}
        entry["artifactType"] = parsed["config"]["mediaType"]
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, entry]}).encode()
        send("PUT", f"{base}/manifests/{tag}", index, INDEX)
    if arguments.platform:
        system, architecture = arguments.platform.split("/")
        entry = {key: descriptor[key] for key in ("mediaType", "digest", "size")}
        entry["platform"] = {"os": system, "architecture": architecture}
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
        send("PUT", f"{base}/manifests/{arguments.tag}", index, INDEX)


if __name__ == "__main__":
    main()
