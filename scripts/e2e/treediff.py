#!/usr/bin/env python3
"""Compares two trees entry by entry: type, mode, owner, mtime, size, links, link targets, extended attributes, devices
and content. Prints each difference, and ends with 1 if there is one."""
import argparse
import fnmatch
import hashlib
import os
import stat
import sys

KINDS = {
    stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "symlink", stat.S_IFCHR: "char", stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket",
}


def content(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def attributes(path):
    names = sorted(os.listxattr(path, follow_symlinks=False))
    return {
        name: os.getxattr(path, name, follow_symlinks=False).hex()
        for name in names if not name.startswith("trusted.overlay.")
    }


def describe(path, info):
    kind = stat.S_IFMT(info.st_mode)
    entry = {
        "type": KINDS[kind], "mode": oct(stat.S_IMODE(info.st_mode)), "uid": info.st_uid, "gid": info.st_gid,
        "mtime": info.st_mtime_ns, "xattrs": attributes(path),
    }
    if kind != stat.S_IFDIR:
        entry["nlink"] = info.st_nlink
    if kind == stat.S_IFREG:
        entry["size"] = info.st_size
        entry["sha256"] = content(path)
    elif kind == stat.S_IFLNK:
        entry["size"] = info.st_size
        entry["target"] = os.readlink(path)
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        entry["rdev"] = f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}"
    return entry


def collect(root):
    """The entries below `root` by relative path; the names of one inode get the same `group`."""
    root = os.fsencode(root)
    entries, groups = {}, {}
    def failed(error):
        raise error
    for folder, folders, files in os.walk(root, onerror=failed):
        folders.sort()
        for name in sorted([b"."] if folder == root else []) + folders + sorted(files):
            path = os.path.join(folder, name)
            info = os.lstat(path)
            relative = os.path.relpath(path, root)
            entries[relative] = describe(path, info)
            if not stat.S_ISDIR(info.st_mode):
                groups.setdefault((info.st_dev, info.st_ino), []).append(relative)
    for names in groups.values():
        for name in names:
            entries[name]["group"] = min(names)
    return entries


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--ignore", action="append", default=[], metavar="FIELD:GLOB",
                        help="do not compare FIELD (or *) where the path matches GLOB")
    parser.add_argument("--whole-seconds", action="store_true", help="compare times without their fractions")
    arguments = parser.parse_args()
    ignored = [rule.split(":", 1) for rule in arguments.ignore]

    def skip(field, path):
        text = os.fsdecode(path)
        return any(rule in (field, "*") and fnmatch.fnmatchcase(text, glob) for rule, glob in ignored)

    first, second = collect(arguments.a), collect(arguments.b)
    differences = 0
    for path in sorted(first.keys() | second.keys()):
        name = repr(path)[2:-1]
        if path not in first or path not in second:
            if not skip("exists", path):
                differences += 1
                print(f"{name}: only in {arguments.a if path in first else arguments.b}")
            continue
        a, b = first[path], second[path]
        for field in sorted(a.keys() | b.keys()):
            left, right = a.get(field), b.get(field)
            if arguments.whole_seconds and field == "mtime":
                left, right = left // 10**9, right // 10**9
            if left != right and not skip(field, path):
                differences += 1
                print(f"{name}: {field} {left!r} != {right!r}")
    print(f"{len(first)} entries, {differences} differences", file=sys.stderr)
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
