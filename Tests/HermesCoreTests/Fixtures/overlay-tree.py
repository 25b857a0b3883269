"""Unpacks the layers of images into folders, joins them with the kernel's overlayfs, and prints what it shows.

Usage: overlay-tree.py FOLDER, or overlay-tree.py --dump FOLDER for a folder as it is; FOLDER/<image>/<n>.tar are the layers from the bottom. Needs root: overlayfs and devices.
The rules are those of the OCI image spec (layer.md) and containerd's unpacking; each layer is unpacked into a folder of
its own, whiteouts as overlayfs wants them.
"""
import ctypes
import hashlib
import os
import stat
import subprocess
import sys
import tarfile

MKDIR_MODE = 0o755


def encode(text):
    return text.encode("utf-8", "surrogateescape")


def names(path):
    return [name for name in path.split(b"/") if name not in (b"", b".")]


def clean(path):
    result = []
    for name in names(path):
        if name != b"..":
            result.append(name)
        elif result:
            result.pop()
    return result


class Missing(Exception):
    pass


def kind(path):
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except FileNotFoundError:
        return None


class Layer:
    """One layer, unpacked into `root`; `lower` shows the layers below it, or is None."""

    def __init__(self, root, lower):
        self.root = root
        self.lower = lower
        self.whiteouts = []
        self.opaque = set()
        # Open files of links whose target has not come yet (so that no inode number is used twice), and their targets.
        self.pending = {}
        # Attributes of directories, by inode: their times must be set last.
        self.directories = {os.lstat(root).st_ino: None}
        self.held = []

    def hold(self, path):
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)
        self.held.append(descriptor)
        return os.fstat(descriptor).st_ino

    def walk(self, parts, make):
        """The folder that a cleaned path leads to, links followed as if `root` were the root."""
        current, rest, hops = self.root, list(parts), 0
        while rest:
            name = rest.pop(0)
            if name == b"..":
                if current != self.root:
                    current = os.path.dirname(current)
                continue
            if len(name) > 255:
                raise Missing
            path = current + b"/" + name
            found = kind(path)
            if found == stat.S_IFDIR:
                current = path
            elif found == stat.S_IFLNK:
                hops += 1
                if hops >= 40:
                    raise Missing
                target = os.readlink(path)
                if target.startswith(b"/"):
                    current = self.root
                rest = names(target) + rest
            elif not make:
                raise Missing
            else:
                if found is not None:
                    os.unlink(path)
                os.mkdir(path, MKDIR_MODE)
                self.directories[self.hold(path)] = None
                current = path
        return current

    def remove(self, path):
        found = kind(path)
        if found == stat.S_IFDIR:
            subprocess.run(["rm", "-rf", "--", path], check=True)
        elif found is not None:
            os.unlink(path)

    def find(self, target):
        """The file of this layer that a hard link names."""
        parts = clean(target)
        if not parts:
            raise Missing
        path = self.walk(parts[:-1], False) + b"/" + parts[-1]
        if kind(path) in (None, stat.S_IFDIR):
            raise Missing
        return path

    def apply(self, archive, member):
        name = encode(member.name)
        parts = clean(name)
        if not parts:
            if member.isdir():
                self.directories[os.lstat(self.root).st_ino] = member
            return
        last = parts.pop()
        if len(last) > 255 or (last.startswith(b".wh..wh.") and last != b".wh..wh..opq"):
            return
        if last in (b".wh.", b".wh..", b".wh..."):
            return
        try:
            parent = self.walk(parts, True)
        except Missing:
            return
        if last == b".wh..wh..opq":
            self.opaque.add(self.hold(parent))
            return
        if last.startswith(b".wh."):
            self.whiteouts.append((os.open(parent, os.O_RDONLY | os.O_DIRECTORY), last[4:]))
            return
        path = parent + b"/" + last
        if member.isdir():
            if kind(path) != stat.S_IFDIR:
                self.remove(path)
                os.mkdir(path)
            self.directories[self.hold(path)] = member
        elif member.islnk():
            try:
                target = self.find(encode(member.linkname))
                spare = self.root + b".spare"
                os.link(target, spare, follow_symlinks=False)
                self.remove(path)
                os.link(spare, path, follow_symlinks=False)
                os.unlink(spare)
                if os.lstat(path).st_ino not in self.pending:
                    owner(path, member)
            except Missing:
                self.remove(path)
                os.close(os.open(path, os.O_CREAT | os.O_EXCL))
                self.pending[self.hold(path)] = encode(member.linkname)
        else:
            self.remove(path)
            self.create(archive, member, path)

    def create(self, archive, member, path):
        if member.issym():
            os.symlink(encode(member.linkname), path)
        elif member.ischr() or member.isblk():
            type_bits = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
            os.mknod(path, type_bits, os.makedev(member.devmajor, member.devminor))
        elif member.isfifo():
            os.mkfifo(path)
        else:
            with open(path, "xb") as file:
                file.write(archive.extractfile(member).read())
        attributes(path, member)

    def paths(self):
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                yield folder + b"/" + name

    def finish(self):
        self.resolve()
        for folder, name in self.whiteouts:
            try:
                os.mknod(name, stat.S_IFCHR, 0, dir_fd=folder)
            except FileExistsError:
                pass  # what the layer has under the name stands there
            except FileNotFoundError:
                pass  # the folder was replaced later in the layer
            os.close(folder)
        for path in sorted([self.root, *self.paths()], reverse=True):
            if kind(path) != stat.S_IFDIR:
                continue
            number = os.lstat(path).st_ino
            member = self.directories[number]
            if path == self.root:
                # containerd unpacks into a new folder and leaves that as it is; only its time is taken from the archive.
                if member is not None:
                    time(path, member)
                else:
                    self.copy_lower(path)
            elif member is not None:
                attributes(path, member)
            else:
                self.copy_lower(path)
            if number in self.opaque:
                os.setxattr(path, "trusted.overlay.opaque", b"y")
                status = os.lstat(path)
                os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
        for descriptor in self.held:
            os.close(descriptor)

    def copy_lower(self, path):
        """Gives a directory that the archive only implies the attributes of the one below."""
        below, here, shows = self.lower, self.root, self.lower is not None
        parts = names(path[len(self.root):])
        # The kernel joins the roots of all layers, whatever their attributes say.
        while shows and parts:
            name = parts.pop(0)
            below, here = below + b"/" + name, here + b"/" + name
            shows = kind(below) == stat.S_IFDIR and os.lstat(here).st_ino not in self.opaque
        if not shows:
            os.chmod(path, MKDIR_MODE)
            os.utime(path, ns=(0, 0))
            return
        status = os.lstat(below)
        os.chown(path, status.st_uid, status.st_gid)
        os.chmod(path, stat.S_IMODE(status.st_mode))
        for key in os.listxattr(below):
            os.setxattr(path, key, os.getxattr(below, key))
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))

    def resolve(self):
        """Hard links to names that came later, or that only lower layers have."""
        holders = {}
        for path in self.paths():
            number = os.lstat(path).st_ino
            if number in self.pending:
                holders.setdefault(number, []).append(path)

        def follow(number, seen):
            """A path of the target; what ends in a circle or nowhere raises."""
            target = self.pending[number]
            path = self.find(target)
            found = os.lstat(path).st_ino
            if found in seen:
                raise Missing
            return follow(found, seen | {found}) if found in self.pending else path

        targets = {}
        for number in holders:
            try:
                targets[number] = follow(number, {number})
            except Missing:
                targets[number] = self.lower_target(number)
        for number, holding in holders.items():
            for path in holding:
                os.unlink(path)
                if targets[number] is None:
                    os.mknod(path, stat.S_IFCHR, 0)
                else:
                    os.link(targets[number], path, follow_symlinks=False)

    def lower_target(self, number):
        """A copy of the lower layers' file at the end of a chain of links."""
        seen = set()
        while number not in seen:
            seen.add(number)
            try:
                number = os.lstat(self.find(self.pending[number])).st_ino
            except Missing:
                break
        else:
            return None
        parts = clean(self.pending[number])
        if self.lower is None or not parts:
            return None
        below = self.lower + b"/" + b"/".join(parts)
        for count in range(1, len(parts)):
            if kind_safe(self.lower + b"/" + b"/".join(parts[:count])) != stat.S_IFDIR:
                return None
        if kind_safe(below) in (None, stat.S_IFDIR):
            return None
        copy = self.root + b".copy" + str(number).encode()
        if kind(copy) is None:
            subprocess.run(["cp", "-a", "--", below, copy], check=True)
        return copy


def kind_safe(path):
    try:
        return kind(path)
    except NotADirectoryError:
        return None


def attributes(path, member):
    owner(path, member)
    for key, value in member.pax_headers.items():
        if key.startswith("SCHILY.xattr."):
            os.setxattr(path, encode(key[len("SCHILY.xattr."):]), encode(value), follow_symlinks=False)
    time(path, member)


def owner(path, member):
    os.lchown(path, member.uid, member.gid)
    if kind(path) != stat.S_IFLNK:
        os.chmod(path, member.mode & 0o7777)
    time(path, member)


def time(path, member):
    mtime = member.pax_headers.get("mtime")
    seconds, _, fraction = (mtime or str(int(member.mtime))).partition(".")
    nanoseconds = int((fraction + "0" * 9)[:9])
    if seconds.startswith("-") and nanoseconds:
        nanoseconds = -nanoseconds
    stamp = int(seconds) * 10**9 + nanoseconds
    os.utime(path, ns=(stamp, stamp), follow_symlinks=False)


LIBC = ctypes.CDLL(None, use_errno=True)


def mount_overlay(layers, base, target):
    os.mkdir(target)
    folders = b":".join([*reversed(layers), base])
    if LIBC.mount(b"overlay", target, b"overlay", 1, b"lowerdir=" + folders) != 0:
        raise OSError(ctypes.get_errno(), "mount overlay")


def dump(root):
    found = []
    for folder, folders, files in os.walk(root):
        # A folder that only one layer has lists its whiteouts, though they cannot be looked up.
        found += [path for path in (folder + b"/" + name for name in folders + files) if kind(path) is not None]
    first = {}
    for path in sorted([root, *found]):
        status = os.lstat(path)
        type_bits = stat.S_IFMT(status.st_mode)
        name = path[len(root) + 1:].hex()
        size, extra = 0, "-"
        if type_bits == stat.S_IFREG:
            with open(path, "rb") as file:
                extra = hashlib.sha256(file.read()).hexdigest()
            size = status.st_size
        elif type_bits == stat.S_IFLNK:
            extra, size = os.readlink(path).hex(), status.st_size
        elif type_bits in (stat.S_IFCHR, stat.S_IFBLK):
            extra = str(status.st_rdev)
        if type_bits != stat.S_IFDIR:
            first.setdefault(status.st_ino, name)
        xattrs = []
        for key in sorted(encode(key) for key in os.listxattr(path, follow_symlinks=False)):
            xattrs.append(key.hex() + "=" + os.getxattr(path, key, follow_symlinks=False).hex())
        group = first.get(status.st_ino, "-")
        print(f"/{name} {status.st_mode:o} {status.st_uid} {status.st_gid} {status.st_mtime_ns} {size} {extra}",
              f"/{group} {','.join(xattrs) or '-'}")


def main():
    if sys.argv[1] == "--dump":
        dump(os.fsencode(sys.argv[2]))
        return
    top = os.fsencode(sys.argv[1])
    for image in sorted(os.listdir(top)):
        here = top + b"/" + image
        archives = sorted(name for name in os.listdir(here) if name.endswith(b".tar"))
        base, mounts, layers = here + b"/base", [], []
        os.mkdir(base)
        try:
            for number, archive in enumerate(archives):
                root = here + b"/layer%d" % number
                os.mkdir(root, MKDIR_MODE)
                layer = Layer(root, mounts[-1] if mounts else None)
                with tarfile.open(os.fsdecode(here + b"/" + archive), errors="surrogateescape") as tar:
                    for member in tar:
                        layer.apply(tar, member)
                layer.finish()
                layers.append(root)
                mounts.append(here + b"/merged%d" % number)
                mount_overlay(layers, base, mounts[-1])
            print("image " + image.decode())
            dump(mounts[-1])
        finally:
            for path in reversed(mounts):
                LIBC.umount2(path, 2)


main()
