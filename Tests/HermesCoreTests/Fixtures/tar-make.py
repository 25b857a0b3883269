"""Writes a tar archive with entries that no ordinary folder holds: devices, odd numbers, long and foreign names."""
import io
import sys
import tarfile

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def entry(name, kind=tarfile.REGTYPE, **fields):
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def main():
    path, name = sys.argv[1:]
    pax, gnu = name == "pax", name == "gnu"
    with tarfile.open(path, "w", format=FORMATS[name], encoding="utf-8", errors="surrogateescape") as archive:
        def add(info, data=b""):
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))

        add(entry("etc", tarfile.DIRTYPE, mode=0o755, uname="root", gname="wheel"))
        add(entry("etc/passwd", mode=0o4644, uid=65534, gid=100, mtime=1700000000), bytes(range(256)) * 5)
        add(entry("etc/empty", mode=0o600))
        add(entry("dev/null", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3))
        add(entry("dev/sda", tarfile.BLKTYPE, mode=0o660, devmajor=8, devminor=255))
        add(entry("run/pipe", tarfile.FIFOTYPE, mode=0o600))
        add(entry("etc/link", tarfile.SYMTYPE, linkname="../" * 20 + "passwd", mode=0o777))
        add(entry("etc/hard", tarfile.LNKTYPE, linkname="etc/passwd"))
        add(entry("d" * 90 + "/" + "f" * 99, mtime=1), b"prefix" * 100)
        add(entry("opt/contiguous", tarfile.CONTTYPE), b"x" * 513)
        if pax or gnu:
            add(entry("long/" * 60 + "name", mtime=2), b"1" * 511)
            add(entry("l", tarfile.SYMTYPE, linkname="target/" * 50))
            add(entry("both/" * 60, tarfile.SYMTYPE, linkname="both/" * 60))
            add(entry("caf\u00e9/\udcff\udcfe"), b"bytes that are no UTF-8")
            add(entry("ids", uid=4000000000, gid=2097152))
        if gnu:
            add(entry("before", mtime=-86400))
        if pax:
            add(entry("fraction", mtime=1234567890.5), b"y" * 512)
            add(entry("negative", mtime=-1.25))
            add(entry("attributes", pax_headers={
                "SCHILY.xattr.user.text": "value = with = signs\n and a line",
                "SCHILY.xattr.user.empty": "", "SCHILY.xattr.security.capability": "\x01\x02\udc80\udcff",
                "atime": "1.000000001", "ctime": "-1.5", "comment": "\u00fcml\u00e4ut",
            }))
            add(entry("named", uname="n" * 40, gname="\u00e4" * 20))


main()
