#!/usr/bin/env python3
"""add_layer.py LAYOUT FOLDER: packs a folder as one more layer of the image of an OCI layout.

Files of the layout are replaced and never changed, as another layout may have links to them."""
import hashlib
import json
import os
import subprocess
import sys
import zlib


def blob_path(layout, digest):
    return os.path.join(layout, "blobs", *digest.split(":"))


def write(path, data):
    with open(path + ".part", "wb") as file:
        file.write(data)
    os.replace(path + ".part", path)


def add_blob(layout, data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    write(blob_path(layout, digest), data)
    return {"digest": digest, "size": len(data)}


def document(layout, descriptor):
    with open(blob_path(layout, descriptor["digest"]), "rb") as file:
        return json.load(file)


def main():
    layout, folder = sys.argv[1:]
    with open(os.path.join(layout, "index.json"), "rb") as file:
        index = json.load(file)
    manifest = document(layout, index["manifests"][0])
    config = document(layout, manifest["config"])
    tar = subprocess.run(
        ["tar", "-C", folder, "--format=gnu", "--numeric-owner", "--owner=0", "--group=0", "--sort=name", "-cf", "-", "."],
        check=True, stdout=subprocess.PIPE).stdout
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    layer = add_blob(layout, packer.compress(tar) + packer.flush())
    config["rootfs"]["diff_ids"].append("sha256:" + hashlib.sha256(tar).hexdigest())
    manifest["layers"].append({"mediaType": manifest["layers"][0]["mediaType"], **layer})
    manifest["config"].update(add_blob(layout, json.dumps(config).encode()))
    index["manifests"][0].update(add_blob(layout, json.dumps(manifest).encode()))
    write(os.path.join(layout, "index.json"), json.dumps(index).encode())


main()
