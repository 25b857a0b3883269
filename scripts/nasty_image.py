#!/usr/bin/env python3
"""Makes an OCI layout of an image that is built to be nasty: valid, every corner of the layer format, four to five layers.

With --corrupt it is wrong in one way instead, for tests of what a reader says then.
"""
import argparse
import hashlib
import os
import random
import struct
import subprocess
import zlib

import oci_layout
from rawtar import BLOCK, BLOCK_DEVICE, CHAR, CONTIGUOUS, DIR, FIFO, FILE, LINK, OLD_FILE, SYMLINK, Tar, gzip_member

CORRUPTIONS = ("truncated", "byte", "digest", "diffid", "header", "size")
LONG_NAME = b"n" * 255
LONG_FOLDER = b"/".join([b"long-directory-name-%02d" % number for number in range(12)])
LATIN1 = b"caf\xe9-\xff\xfe"


def mixed_content(size, seed):
    """Random bytes, text and runs in turn: some of it deflates well, some not at all."""
    source = random.Random(seed)
    words = [source.randbytes(source.randint(2, 9)).hex().encode() for _ in range(500)]
    parts, length = [], 0
    while length < size:
        kind = source.randrange(4)
        if kind == 0:
            part = source.randbytes(source.randint(1, 300_000))
        elif kind == 1:
            part = bytes([source.randrange(256)]) * source.randint(1, 100_000)
        else:
            part = b" ".join(source.choices(words, k=source.randint(1, 20_000)))
        parts.append(part)
        length += len(part)
    return b"".join(parts)[:size]


def capability():
    """A security.capability value: cap_net_raw, effective and permitted (VFS_CAP_REVISION_2)."""
    return struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)


def base_layer(big_size, umoci):
    tar = Tar()
    if not umoci:
        tar.add_global(b"comment", b"4b825dc642cb6eb9a060e54bf8d69288fbee4904")
    tar.add(b"./", DIR, mode=0o755)
    tar.add(b"./etc/", DIR, mode=0o755, dialect="ustar")
    tar.add(b"./etc/plain", data=b"plain text\n", dialect="ustar")
    tar.add(b"./etc/old", OLD_FILE, data=b"from an old tar\n", dialect="v7")
    tar.add(b"./old-folder/", OLD_FILE, dialect="v7", mode=0o750)
    tar.add(b"./etc/contiguous", FILE if umoci else CONTIGUOUS, data=b"contiguous\n")
    tar.add(b"./etc/empty", mode=0o600)
    tar.add(b"/absolute/name", data=b"a name that begins with a slash\n")
    tar.add(b"missing/parents/of/a/file", data=b"no entry for any folder above\n")
    tar.add(b"etc/double//slash/./dot", data=b"cleaned\n")
    tar.add(b"big", data=mixed_content(big_size, 1), mode=0o444)
    tar.add(b"odd-size", data=mixed_content(BLOCK * 7 + 1, 2))
    tar.add(b"whole-blocks", data=mixed_content(BLOCK * 8, 3))

    tar.add(b"links/", DIR, mode=0o755)
    tar.add(b"links/a", data=b"three names\n", owner=(1000, 100))
    tar.add(b"links/b", LINK, link=b"links/a", owner=(1000, 100))
    tar.add(b"links/c", LINK, link=b"./links/b", owner=(1000, 100))
    tar.add(b"links/symlink", SYMLINK, link=b"a", mode=0o777)
    tar.add(b"links/symlink-again", LINK, link=b"links/symlink", mode=0o777)
    tar.add(b"links/dangling", SYMLINK, link=b"/nowhere/../at/all", mode=0o777)
    tar.add(b"links/long-pax", SYMLINK, link=b"t/" * 150 + b"end", mode=0o777)
    tar.add(b"links/long-gnu", SYMLINK, link=b"g/" * 150 + b"end", mode=0o777, dialect="gnu")

    tar.add(b"dev/", DIR, mode=0o755)
    tar.add(b"dev/null", CHAR, mode=0o666, device=(1, 3))
    tar.add(b"dev/loop", BLOCK_DEVICE, mode=0o660, device=(7, 300), owner=(0, 6))
    tar.add(b"dev/large", CHAR, mode=0o600, device=(511, 0xFEDCB))
    tar.add(b"dev/fifo", FIFO, mode=0o622)
    tar.add(b"dev/fifo-again", LINK, link=b"dev/fifo", mode=0o622)

    tar.add(b"bin/", DIR, mode=0o755)
    tar.add(b"bin/setuid", data=b"#!/bin/sh\n", mode=0o4755)
    tar.add(b"bin/setgid", data=b"#!/bin/sh\n", mode=0o2755, owner=(0, 42))
    tar.add(b"bin/none", data=b"nobody reads this\n", mode=0)
    tar.add(b"tmp/", DIR, mode=0o1777)
    tar.add(b"shared/", DIR, mode=0o2775, owner=(0, 50))
    tar.add(b"owner/large-pax", data=b"x", pax=[(b"uid", b"3000000000"), (b"gid", b"4000000000")])
    tar.add(b"owner/large-gnu", data=b"x", dialect="gnu", owner=(2_500_000_000, 2_600_000_000))

    tar.add(b"xattr/", DIR, mode=0o755, pax=[(b"SCHILY.xattr.user.folder", b"yes")])
    tar.add(b"xattr/file", data=b"x", pax=[
        (b"SCHILY.xattr.user.text", b"value"),
        (b"SCHILY.xattr.user.binary", b"\x00\xff=\n1 2=3\n\x00"),
        (b"SCHILY.xattr.user.large", bytes(range(1, 256)) * 4)])
    tar.add(b"xattr/ping", data=b"\x7fELF", mode=0o755, pax=[(b"SCHILY.xattr.security.capability", capability())])

    tar.add(LONG_NAME, data=b"255 bytes of name\n")
    tar.add(b"gnu/" + LONG_NAME, data=b"255 bytes of name\n", dialect="gnu")
    tar.add(b"pax/" + LONG_FOLDER + b"/file", data=b"a path of over 256 bytes\n")
    tar.add(b"gnu/" + LONG_FOLDER + b"/file", data=b"a path of over 256 bytes\n", dialect="gnu")
    tar.add(b"gnu/long-link", LINK, link=b"gnu/" + LONG_FOLDER + b"/file", dialect="gnu")
    tar.add(b"pax/long-link", LINK, link=b"pax/" + LONG_FOLDER + b"/file")
    tar.add(b"names/" + LATIN1, data=b"not UTF-8\n", dialect="gnu")
    tar.add(b"names/" + LATIN1 * 30, data=b"not UTF-8, in a PAX record\n")
    tar.add(b"names/\xf0\x9f\x90\xb3 \xe2\x80\xae\t\n\\\"", data=b"UTF-8 and control characters\n")
    tar.add(b"names/.wh", data=b"nearly a whiteout\n")

    tar.add(b"times/", DIR, mode=0o755, nanoseconds=1)
    tar.add(b"times/before-1970", mtime=-86_400, nanoseconds=250_000_000, data=b"1969")
    tar.add(b"times/before-1970-gnu", mtime=-12_345, dialect="gnu", data=b"1969")
    tar.add(b"times/after-2038", mtime=2_500_000_000, nanoseconds=123_456_789, data=b"2049")
    tar.add(b"times/after-2106", mtime=5_000_000_000, data=b"2128")
    tar.add(b"times/zero", mtime=0, data=b"1970")

    tar.add(b"twice/", DIR, mode=0o700)
    tar.add(b"twice/file", data=b"the first of two\n")
    tar.add(b"twice/file", data=b"the second of two wins\n", mode=0o640)
    tar.add(b"twice/linked", data=b"linked, then replaced\n")
    tar.add(b"twice/link", LINK, link=b"twice/linked")
    tar.add(b"twice/linked", data=b"a new file\n")
    tar.add(b"twice/", DIR, mode=0o711, mtime=1_650_000_000)

    for folder in (b"gone", b"opaque", b"opaque-late", b"becomes-file", b"becomes-link"):
        tar.add(folder + b"/", DIR, mode=0o755)
        tar.add(folder + b"/lower", data=b"from the base of " + folder)
        tar.add(folder + b"/sub/deep", data=b"deeper in the base of " + folder)
    tar.add(b"kept/removed", data=b"to be removed\n")
    tar.add(b"kept/stays", data=b"to stay\n")
    tar.add(b"becomes-folder", data=b"a file in the base\n")
    tar.add(b"becomes-fifo", data=b"a file in the base\n")
    tar.add(b"link-target", data=b"linked to from the layer above\n")
    tar.add(b"mode-only/", DIR, mode=0o755)
    tar.add(b"mode-only/file", data=b"stays when the folder changes\n")
    return tar.bytes()


def changes_layer():
    """Whiteouts, opaque folders and every change of type; the marker before and after what it must not hide."""
    tar = Tar()
    tar.add(b"kept/.wh.removed", mode=0)
    tar.add(b".wh.gone", mode=0)
    tar.add(b"kept/.wh.never-was", mode=0)
    tar.add(b"opaque/", DIR, mode=0o750)
    tar.add(b"opaque/.wh..wh..opq", mode=0)
    tar.add(b"opaque/upper", data=b"after the marker\n")
    tar.add(b"opaque-late/", DIR, mode=0o755)
    tar.add(b"opaque-late/upper", data=b"before the marker\n")
    tar.add(b"opaque-late/sub/", DIR, mode=0o755)
    tar.add(b"opaque-late/sub/upper", data=b"before the marker\n")
    tar.add(b"opaque-late/.wh..wh..opq", mode=0)
    tar.add(b".wh.reborn", mode=0)
    tar.add(b"reborn/", DIR, mode=0o755)
    tar.add(b"reborn/upper", data=b"nothing of the base is left\n")
    tar.add(b"becomes-file", data=b"a folder in the base\n")
    tar.add(b"becomes-link", SYMLINK, link=b"etc", mode=0o777)
    tar.add(b"becomes-folder/", DIR, mode=0o755)
    tar.add(b"becomes-folder/inside", data=b"a file in the base\n")
    tar.add(b"becomes-fifo", FIFO, mode=0o600)
    tar.add(b"link-from-above", LINK, link=b"link-target")
    tar.add(b"mode-only/", DIR, mode=0o500, owner=(7, 8), mtime=1_600_000_000)
    tar.add(b"etc/plain", data=b"replaced by the second layer\n", mode=0o640)
    tar.add(b"xattr/file", data=b"y", pax=[(b"SCHILY.xattr.user.text", b"changed")])
    return tar.bytes(end=0)


def later_layer():
    """What a second change does to the first: hidden again, shown again, through a symbolic link's name."""
    tar = Tar()
    tar.add(b"gone/", DIR, mode=0o755)
    tar.add(b"gone/returned", data=b"back in the third layer\n")
    tar.add(b"opaque/lower", data=b"again, by the third layer\n")
    tar.add(b"becomes-folder/.wh.inside", mode=0)
    tar.add(b"becomes-file", data=b"")
    tar.add(b"kept/removed", LINK, link=b"kept/stays")
    tar.add(b"scattered", data=mixed_content(300_000, 4))
    return tar.bytes(end=40)


def base_gzip(tar, umoci):
    """Concatenated members that end inside an entry; headers with every optional field; one stored, one empty."""
    cuts = [0, 700, len(tar) // 3 + 11, len(tar) // 2 + 77, len(tar)]
    pieces = [tar[first:last] for first, last in zip(cuts, cuts[1:])]
    return b"".join([
        gzip_member(pieces[0], name=b"layer.tar", comment=b"nasty", extra=b"HE\x04\0abcd", header_crc=not umoci),
        gzip_member(pieces[1], level=9),
        gzip_member(b""),
        gzip_member(pieces[2], level=0, name=b"stored"),
        gzip_member(pieces[3], level=1, strategy=zlib.Z_HUFFMAN_ONLY),
    ])


def corrupted(tar, how, umoci):
    """The base layer, wrong in one way: its packed bytes, and the diff ID to state."""
    if how == "header":
        place = len(tar) // 2 // BLOCK * BLOCK
        while tar[place + 257:place + 262] != b"ustar":
            place += BLOCK
        tar = tar[:place + 148] + b"7777777\0" + tar[place + 156:]
    elif how == "size":
        tar = tar[:len(tar) // 2 // BLOCK * BLOCK]
    diff_id = hashlib.sha256(tar if how != "diffid" else b"something else").hexdigest()
    packed = base_gzip(tar, umoci)
    if how == "truncated":
        packed = packed[:len(packed) * 2 // 3]
    elif how == "byte":
        place = len(packed) * 2 // 3
        packed = packed[:place] + bytes([packed[place] ^ 0x55]) + packed[place + 1:]
    return packed, "sha256:" + diff_id


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("layout", help="the folder to make")
    parser.add_argument("--tag", default="latest")
    parser.add_argument("--docker", action="store_true", help="Docker's media types instead of OCI's")
    parser.add_argument("--zstd", action="store_true", help="a zstd layer more")
    parser.add_argument("--umoci", action="store_true", help="the same tree without what umoci 0.4 cannot read: "
                        "uncompressed layers, contiguous files, PAX global headers, gzip header checksums")
    parser.add_argument("--big-size", type=int, default=20_000_000, help="bytes of the largest file")
    parser.add_argument("--architecture", default="amd64")
    parser.add_argument("--corrupt", choices=CORRUPTIONS, help="wrong in this way")
    arguments = parser.parse_args()

    layout = oci_layout.Layout(
        arguments.layout, oci_layout.DOCKER if arguments.docker else oci_layout.OCI, arguments.architecture)
    tar = base_layer(arguments.big_size, arguments.umoci)
    layout.add_layer(*corrupted(tar, arguments.corrupt, arguments.umoci))
    if arguments.corrupt == "digest":
        # The blob changes under its name; the size stays.
        path = layout.blob_path(layout.layers[0]["digest"])
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
    second = "gzip" if arguments.umoci else None
    for tar, compression in ((changes_layer(), second), (later_layer(), "gzip"), (Tar().bytes(), "gzip")):
        diff_id = "sha256:" + hashlib.sha256(tar).hexdigest()
        layout.add_layer(gzip_member(tar) if compression else tar, diff_id, compression)
    if arguments.zstd:
        tar = Tar()
        tar.add(b"from-zstd", data=b"in a layer that zstd compressed\n")
        data = tar.bytes()
        packed = subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
        layout.add_layer(packed, "sha256:" + hashlib.sha256(data).hexdigest(), "zstd")
    layout.write(arguments.tag)


if __name__ == "__main__":
    main()
