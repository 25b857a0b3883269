#!/usr/bin/env python3
"""Makes an OCI layout of an image that is legal and strange, in two layers: what containerd unpacks and a careless reader
does not. Every content differs, so that a mix-up of files shows. Needs GNU tar for the sparse files."""
import argparse
import os
import random
import subprocess
import tempfile

import oci_layout
from rawtar import DIR, LINK, SYMLINK, Tar

CROWD = 20_000


def text(name):
    return b"this is " + name + b"\n"


def base_layer(crowd):
    tar = Tar()
    # containerd leaves the root as it is, whatever the layer says of it.
    tar.add(b"./", DIR, mode=0o700, owner=(5, 6))
    tar.add(b"../escape", data=text(b"escape"))
    tar.add(b"../../etc/../up/two", data=text(b"up two"))
    tar.add(b"a/../b/./c//d", data=text(b"b/c/d"))
    tar.add(b"//slashes", data=text(b"slashes"))

    # A folder's entry after what is in it; a parent that no entry has; both again in the other order.
    tar.add(b"late/sub/file", data=text(b"late/sub/file"))
    tar.add(b"late/", DIR, mode=0o711, owner=(11, 12), mtime=1_600_000_000)
    tar.add(b"late/sub/", DIR, mode=0o3770, owner=(13, 14), mtime=1_500_000_000)
    tar.add(b"implied/only/here", data=text(b"implied/only/here"))

    # The same name again and again: files, a folder over a file, a file over a folder, and back.
    tar.add(b"again/file", data=text(b"first"))
    tar.add(b"again/file", data=text(b"second"), mode=0o600)
    tar.add(b"again/turns", data=text(b"a file"))
    tar.add(b"again/turns/", DIR, mode=0o750)
    tar.add(b"again/turns/inside", data=text(b"inside"))
    tar.add(b"again/turns-twice/", DIR, mode=0o750)
    tar.add(b"again/turns-twice/lost", data=text(b"lost"))
    tar.add(b"again/turns-twice", data=text(b"a file for a while"))
    tar.add(b"again/turns-twice/", DIR, mode=0o705)
    tar.add(b"again/turns-twice/kept", data=text(b"kept"))
    tar.add(b"again/link-to-file", SYMLINK, link=b"file", mode=0o777)
    tar.add(b"again/link-to-file", data=text(b"no link any more"))

    # Links to links, to symbolic links, through symbolic links, and to a name that is replaced afterwards.
    tar.add(b"links/one", data=text(b"one"), owner=(1, 2), mode=0o640)
    tar.add(b"links/two", LINK, link=b"links/one")
    tar.add(b"links/three", LINK, link=b"/links/../links/two")
    tar.add(b"links/symbolic", SYMLINK, link=b"../nowhere", mode=0o640, owner=(3, 4))
    tar.add(b"links/symbolic-two", LINK, link=b"links/symbolic")
    tar.add(b"links/folder", SYMLINK, link=b"../implied", mode=0o777)
    tar.add(b"links/folder/by-link", data=text(b"implied/by-link"))
    tar.add(b"links/absolute", SYMLINK, link=b"/late", mode=0o777)
    tar.add(b"links/absolute/by-absolute-link", data=text(b"late/by-absolute-link"))
    tar.add(b"links/up", SYMLINK, link=b"../../../../again", mode=0o777)
    tar.add(b"links/up/by-way-out", data=text(b"again/by-way-out"))
    tar.add(b"links/through", LINK, link=b"links/folder/by-link")
    tar.add(b"links/replaced", data=text(b"replaced"))
    tar.add(b"links/of-replaced", LINK, link=b"links/replaced")
    tar.add(b"links/replaced", data=text(b"the replacement"))

    tar.add(b"crowd/", DIR, mode=0o755)
    for number in range(crowd):
        tar.add(b"crowd/%07d" % (number * 7919 % crowd), data=b"", mode=0o600 + number % 64)

    for folder in (b"hidden", b"veiled", b"merged"):
        tar.add(folder + b"/", DIR, mode=0o755, owner=(21, 22), pax=[(b"SCHILY.xattr.user.folder", folder)])
        tar.add(folder + b"/lower", data=text(folder + b"/lower"))
        tar.add(folder + b"/both", data=text(folder + b"/both below"))
    return tar


def changes_layer():
    tar = Tar()
    tar.add(b".wh.never-was", mode=0)
    tar.add(b"nothing/.wh..wh..opq", mode=0)
    tar.add(b".wh.hidden", mode=0)
    tar.add(b".wh.veiled", mode=0)
    tar.add(b"veiled/", DIR, mode=0o700)
    tar.add(b"veiled/both", data=text(b"veiled/both above"))
    # No entry of the folder: it keeps what the layer below says of it.
    tar.add(b"merged/both", data=text(b"merged/both above"))
    # The layer below has this name as a symbolic link to a folder; here it becomes a folder of its own.
    tar.add(b"links/folder/own", data=text(b"links/folder/own"))
    tar.add(b"crowd/.wh.0000000", mode=0)
    tar.add(b"crowd/9999999", data=text(b"one more in the crowd"))
    return tar


def root_layer():
    """A marker that should hide everything: overlayfs does not heed it at the root."""
    tar = Tar()
    tar.add(b".wh..wh..opq", mode=0)
    tar.add(b"top", data=text(b"top"))
    return tar


def sparse_archives():
    """The same sparse files in every PAX dialect of GNU tar, without the blocks of zeros at the end."""
    source = random.Random(11)
    for version in ("0.0", "0.1", "1.0"):
        name = "sparse-" + version
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, name))
            for file, size, runs in (("few", 3_000_001, 3), ("many", 40_000_000, 90), ("hole", 5_000_000, 0), ("tail", 2**21, 1)):
                with open(os.path.join(folder, name, file), "wb") as out:
                    out.truncate(size)
                    for _ in range(runs):
                        out.seek(source.randrange(size - 5000) if file != "tail" else size - 5000)
                        out.write(source.randbytes(5000))
            command = ["tar", "-C", folder, "-b1", "-S", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@1600000000",
                       "--sort=name", "--format=pax", f"--sparse-version={version}", "-cf", "-", name]
            yield subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout[:-1024]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("layout", help="the folder to make")
    parser.add_argument("--tag", default="latest")
    parser.add_argument("--crowd", type=int, default=CROWD, help="files in one folder")
    arguments = parser.parse_args()
    layout = oci_layout.Layout(arguments.layout)
    base = base_layer(arguments.crowd)
    base.parts += sparse_archives()
    for tar in (base, changes_layer(), root_layer()):
        layout.add_tar(tar.bytes())
    layout.write(arguments.tag)


if __name__ == "__main__":
    main()
