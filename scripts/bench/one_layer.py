#!/usr/bin/env python3
"""Makes an OCI layout with one layer of another layout's image: one_layer.py LAYOUT NUMBER OUT (layers count from 0).
The blob is a hard link. Prints the blob's path."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import oci_layout  # noqa: E402

source, number, out = oci_layout.Layout(sys.argv[1]), int(sys.argv[2]), oci_layout.Layout(sys.argv[3])


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


manifest = read(source.blob_path(read(os.path.join(sys.argv[1], "index.json"))["manifests"][0]["digest"]))
config = read(source.blob_path(manifest["config"]["digest"]))
layer = manifest["layers"][number]
os.link(source.blob_path(layer["digest"]), out.blob_path(layer["digest"]))
out.add_stored(layer, config["rootfs"]["diff_ids"][number])
out.write("latest")
print(out.blob_path(layer["digest"]))
