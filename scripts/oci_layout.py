#!/usr/bin/env python3
"""Writes OCI image layouts: a module for nasty_image.py, and a command that packs folders as the layers of an image."""
import argparse
import gzip
import hashlib
import json
import os
import subprocess
import sys

OCI = {
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "layer": "application/vnd.oci.image.layer.v1.tar",
    "gzip": "+gzip",
    "zstd": "+zstd",
}
DOCKER = {
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "layer": "application/vnd.docker.image.rootfs.diff.tar",
    "gzip": ".gzip",
    "zstd": ".zstd",
}
CHUNK = 1 << 20


class Layout:
    """An OCI layout folder that holds one image under one tag."""

    def __init__(self, folder, types=OCI, architecture="amd64"):
        self.folder = folder
        self.types = types
        self.architecture = architecture
        self.layers = []
        self.diff_ids = []
        os.makedirs(os.path.join(folder, "blobs", "sha256"), exist_ok=True)

    def blob_path(self, digest):
        return os.path.join(self.folder, "blobs", *digest.split(":"))

    def add_blob(self, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        with open(self.blob_path(digest), "wb") as file:
            file.write(data)
        return {"digest": digest, "size": len(data)}

    def add_layer(self, data, diff_id, compression="gzip"):
        """A layer from bytes that are compressed already."""
        self._append(self.add_blob(data), diff_id, compression)

    def add_tar(self, tar):
        """A layer from the bytes of a tar."""
        self.add_layer(gzip.compress(tar, 1, mtime=0), "sha256:" + hashlib.sha256(tar).hexdigest())

    def add_tar_stream(self, stream, command):
        """A layer from a file object, compressed on the way by `command` (a filter that writes gzip)."""
        part = os.path.join(self.folder, "layer.part")
        plain = hashlib.sha256()
        with open(part, "wb") as out, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out) as filter:
            while chunk := stream.read(CHUNK):
                plain.update(chunk)
                filter.stdin.write(chunk)
            filter.stdin.close()
        if filter.returncode != 0:
            raise SystemExit(f"error: {command[0]} ended with {filter.returncode}")
        packed = hashlib.sha256()
        with open(part, "rb") as file:
            while chunk := file.read(CHUNK):
                packed.update(chunk)
        blob = {"digest": "sha256:" + packed.hexdigest(), "size": os.path.getsize(part)}
        os.rename(part, self.blob_path(blob["digest"]))
        self._append(blob, "sha256:" + plain.hexdigest(), "gzip")

    def add_stored(self, layer, diff_id):
        """A layer whose blob is in the folder already, by its descriptor."""
        self.layers.append(layer)
        self.diff_ids.append(diff_id)

    def _append(self, blob, diff_id, compression):
        kind = self.types["layer"] + (self.types[compression] if compression else "")
        self.add_stored({"mediaType": kind, **blob}, diff_id)

    def write(self, tag, command=("/bin/sh",)):
        """Writes config, manifest and index.json, and returns the manifest's descriptor."""
        config = {
            "architecture": self.architecture,
            "os": "linux",
            "config": {"Cmd": list(command), "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": self.diff_ids},
            "history": [{"created_by": f"layer {number}"} for number in range(len(self.layers))],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": self.types["manifest"],
            "config": {"mediaType": self.types["config"], **self.add_blob(json.dumps(config).encode())},
            "layers": self.layers,
        }
        descriptor = {"mediaType": self.types["manifest"], **self.add_blob(json.dumps(manifest).encode())}
        descriptor["annotations"] = {"org.opencontainers.image.ref.name": tag}
        with open(os.path.join(self.folder, "oci-layout"), "w", encoding="ascii") as file:
            json.dump({"imageLayoutVersion": "1.0.0"}, file)
        with open(os.path.join(self.folder, "index.json"), "w", encoding="ascii") as file:
            json.dump({"schemaVersion": 2, "manifests": [descriptor]}, file)
        return descriptor


def main():
    parser = argparse.ArgumentParser(description="Packs folders as the layers of an image in an OCI layout.")
    parser.add_argument("layout")
    parser.add_argument("--tag", default="latest")
    parser.add_argument("--level", type=int, default=6, help="gzip level (pigz)")
    parser.add_argument("layer", nargs="+", help="a folder, or a .tar file")
    arguments = parser.parse_args()
    layout = Layout(arguments.layout)
    for layer in arguments.layer:
        source = ["cat", layer]
        if os.path.isdir(layer):
            source = ["tar", "-C", layer, "--format=gnu", "--numeric-owner", "--sort=name", "-cf", "-", "."]
        with subprocess.Popen(source, stdout=subprocess.PIPE) as tar:
            layout.add_tar_stream(tar.stdout, ["pigz", f"-{arguments.level}", "-n"])
        if tar.returncode != 0:
            raise SystemExit(f"error: {source[0]} ended with {tar.returncode}")
        print(f"{layer}: {layout.layers[-1]['size'] / 1e6:.0f} MB", file=sys.stderr)
    layout.write(arguments.tag, ["python3"])


if __name__ == "__main__":
    main()
