#!/usr/bin/env python3
"""Unpacks an image of an OCI layout by the rules of the OCI image specification (layer.md), with Python's tarfile: a second
opinion that shares no code with Hermes.

  unpack.py LAYOUT OUT             one tree, OUT, with every layer applied
  unpack.py --overlay LAYOUT OUT   one folder per layer, OUT/0 (lowest) to OUT/N, as overlayfs wants them: whiteouts are
                                   devices 0:0, opaque folders carry trusted.overlay.opaque
"""
import argparse
import decimal
import json
import os
import shutil
import stat
import tarfile

WHITEOUT = b".wh."
OPAQUE = b".wh..wh..opq"


def clean(name):
    """A tar name as a relative path: no leading slash, no dots, nothing that climbs out."""
    parts = [part for part in os.fsencode(name).split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise SystemExit(f"error: {name!r} leaves the tree")
    return b"/".join(parts)


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


class Tree:
    """A folder that layers are applied to. With `lower` (a whole tree of the layers below) it is one layer of overlayfs.

    A folder's time is that of its last entry: what other layers change inside does not count, as in overlayfs."""

    def __init__(self, root, lower=None):
        self.root = os.fsencode(root)
        self.lower = lower and os.fsencode(lower)
        self.times = {}
        os.makedirs(self.root, exist_ok=True)
        if self.lower:
            self.look_like(self.lower, self.root)

    def apply(self, tar):
        written = set()
        for entry in tar:
            name = clean(entry.name)
            folder, base = os.path.split(name)
            self.make_parents(folder)
            if base == OPAQUE:
                self.make_opaque(folder, written)
            elif base.startswith(WHITEOUT):
                self.white_out(os.path.join(folder, base[len(WHITEOUT):]))
            else:
                self.write(tar, entry, name)
                while name:
                    written.add(name)
                    name = os.path.dirname(name)
        for path, time in self.times.items():
            if os.path.isdir(path) and not os.path.islink(path):
                os.utime(path, ns=(time, time))

    def path(self, name):
        return os.path.join(self.root, name) if name else self.root

    def make_parents(self, folder):
        """Folders with no entry of their own; in an overlay layer they look like those below them."""
        path = self.root
        for part in folder.split(b"/") if folder else []:
            path = os.path.join(path, part)
            if os.path.isdir(path) and not os.path.islink(path):
                continue
            remove(path)
            os.mkdir(path, 0o755)
            twin = self.lower and os.path.join(self.lower, os.path.relpath(path, self.root))
            if twin and os.path.isdir(twin) and not os.path.islink(twin):
                self.look_like(twin, path)

    def look_like(self, twin, path):
        info = os.lstat(twin)
        os.chown(path, info.st_uid, info.st_gid)
        os.chmod(path, stat.S_IMODE(info.st_mode))
        for attribute in os.listxattr(twin):
            os.setxattr(path, attribute, os.getxattr(twin, attribute))
        self.times[path] = info.st_mtime_ns

    def make_opaque(self, folder, written):
        if self.lower:
            os.setxattr(self.path(folder), "trusted.overlay.opaque", b"y")
            return
        for parent, folders, files in os.walk(self.path(folder), topdown=False):
            for base in folders + files:
                path = os.path.join(parent, base)
                if os.path.relpath(path, self.root) not in written:
                    remove(path)

    def white_out(self, name):
        path = self.path(name)
        remove(path)
        if self.lower:
            os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))

    def write(self, tar, entry, name):
        path = self.path(name)
        if not entry.isdir() or os.path.islink(path) or not os.path.isdir(path):
            remove(path)
        if entry.isdir():
            if not os.path.isdir(path):
                os.mkdir(path)
        elif entry.islnk():
            self.link(clean(entry.linkname), path)
            return
        elif entry.issym():
            os.symlink(os.fsencode(entry.linkname), path)
        elif entry.isfifo():
            os.mkfifo(path)
        elif entry.ischr() or entry.isblk():
            kind = stat.S_IFCHR if entry.ischr() else stat.S_IFBLK
            os.mknod(path, kind, os.makedev(entry.devmajor, entry.devminor))
        elif entry.isreg():
            with open(path, "wb") as file:
                shutil.copyfileobj(tar.extractfile(entry), file)
        else:
            raise SystemExit(f"error: {name!r} has type {entry.type!r}")
        os.chown(path, entry.uid, entry.gid, follow_symlinks=False)
        if not entry.issym():
            os.chmod(path, stat.S_IMODE(entry.mode))
        for key, value in entry.pax_headers.items():
            if key.startswith("SCHILY.xattr."):
                attribute = key[len("SCHILY.xattr."):]
                os.setxattr(path, attribute, os.fsencode(value), follow_symlinks=False)
        if entry.isdir():
            self.times[path] = time_of(entry)
        else:
            os.utime(path, ns=(time_of(entry),) * 2, follow_symlinks=False)

    def link(self, target, path):
        source = self.path(target)
        if self.lower and not os.path.lexists(source):
            # overlayfs copies a file of a lower layer up before it links to it.
            below = os.path.join(self.lower, target)
            self.make_parents(os.path.dirname(target))
            shutil.copy2(below, source, follow_symlinks=False)
            info = os.lstat(below)
            os.chown(source, info.st_uid, info.st_gid, follow_symlinks=False)
            os.utime(source, ns=(info.st_mtime_ns,) * 2, follow_symlinks=False)
        os.link(source, path, follow_symlinks=False)


def time_of(entry):
    """Nanoseconds; tarfile itself keeps PAX times as floating point, which is too coarse."""
    if "mtime" in entry.pax_headers:
        return int(decimal.Decimal(entry.pax_headers["mtime"]) * 10**9)
    return int(entry.mtime) * 10**9


def layers_of(layout, tag):
    def blob(digest):
        return os.path.join(layout, "blobs", *digest.split(":"))
    with open(os.path.join(layout, "index.json"), encoding="utf-8") as file:
        for descriptor in json.load(file)["manifests"]:
            if descriptor.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag:
                with open(blob(descriptor["digest"]), encoding="utf-8") as manifest:
                    return [blob(layer["digest"]) for layer in json.load(manifest)["layers"]]
    raise SystemExit(f"error: no image {tag} in {layout}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--overlay", action="store_true")
    parser.add_argument("--tag", default="latest")
    parser.add_argument("layout")
    parser.add_argument("out")
    arguments = parser.parse_args()
    os.umask(0)
    whole = os.path.join(arguments.out, "whole") if arguments.overlay else arguments.out
    tree = Tree(whole)
    for number, blob in enumerate(layers_of(arguments.layout, arguments.tag)):
        if arguments.overlay:
            with tarfile.open(blob, "r:*", encoding="utf-8", errors="surrogateescape") as tar:
                Tree(os.path.join(arguments.out, str(number)), whole).apply(tar)
        with tarfile.open(blob, "r:*", encoding="utf-8", errors="surrogateescape") as tar:
            tree.apply(tar)


if __name__ == "__main__":
    main()
