#!/usr/bin/env python3
"""Forges the zTOCs of an index in an OCI layout and mends every digest and size above them, so that only the zTOC's own
checks are left. forge_index.py INDEX OUT SEED HOW, where HOW is: random, truncated, flipped, ones, empty, swapped: the files
"./data" and "./last" change names, or partial: the zTOCs are as they were, and the index has only that of the lowest layer."""
import hashlib
import json
import os
import random
import shutil
import sys

source, out, seed, how = sys.argv[1], sys.argv[2], random.Random(int(sys.argv[3])), sys.argv[4]
shutil.copytree(source, out)


def path(digest):
    return os.path.join(out, "blobs", *digest.split(":"))


def read(digest):
    with open(path(digest), "rb") as file:
        return file.read()


def replace(descriptor, data):
    os.unlink(path(descriptor["digest"]))
    descriptor["digest"] = "sha256:" + hashlib.sha256(data).hexdigest()
    descriptor["size"] = len(data)
    with open(path(descriptor["digest"]), "wb") as file:
        file.write(data)


def forge(data):
    if how == "partial":
        return data
    if how == "random":
        return seed.randbytes(len(data))
    if how == "truncated":
        return data[:seed.randrange(len(data))]
    if how == "empty":
        return b""
    if how == "swapped":
        # Texts of a flat buffer: a length of four bytes, the text, a NUL.
        one, other = (len(name).to_bytes(4, "little") + name + b"\0" for name in (b"./data", b"./last"))
        assert data.count(one) == 1 and data.count(other) == 1
        return data.replace(one, b"\xff" * 11).replace(other, one).replace(b"\xff" * 11, other)
    changed = bytearray(data)
    # The tables of a flat buffer lie near its ends; the middle is windows.
    for _ in range(8):
        place = min(int(seed.expovariate(1 / 200)), len(data) - 1)
        place = seed.choice((place, len(data) - 1 - place, seed.randrange(len(data))))
        if how == "ones":
            changed[place:place + 8] = b"\xff" * len(changed[place:place + 8])
        else:
            changed[place] ^= 1 << seed.randrange(8)
    return bytes(changed)


with open(os.path.join(out, "index.json"), encoding="utf-8") as file:
    index = json.load(file)
forged = {}
for entry in index["manifests"]:
    if "image.manifest" not in entry["mediaType"]:
        continue
    manifest = json.loads(read(entry["digest"]))
    # Their compressed forms are none of the forged ones.
    manifest["layers"] = [layer for layer in manifest["layers"] if layer["mediaType"] == "application/octet-stream"]
    if how == "partial":
        manifest["layers"] = manifest["layers"][:1]
    for layer in manifest["layers"]:
        if layer["digest"] not in forged:
            old = layer["digest"]
            replace(layer, forge(read(old)))
            forged[old] = {key: layer[key] for key in ("digest", "size")}
        else:
            layer.update(forged[layer["digest"]])
    replace(entry, json.dumps(manifest).encode())
for entry in index["manifests"]:
    entry.update(forged.get(entry["digest"], {}))
with open(os.path.join(out, "index.json"), "w", encoding="utf-8") as file:
    json.dump(index, file)
