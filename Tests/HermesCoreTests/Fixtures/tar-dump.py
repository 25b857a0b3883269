"""Prints the entries of a tar archive, one per line, as Python's tarfile sees them.

Fields are separated by spaces; texts are in hexadecimal. The last line is the size of the archive.
"""
import sys
import tarfile
from decimal import Decimal

KINDS = {
    tarfile.REGTYPE: "regular", tarfile.AREGTYPE: "regular", tarfile.CONTTYPE: "regular",
    tarfile.GNUTYPE_SPARSE: "regular", tarfile.LNKTYPE: "hardLink", tarfile.SYMTYPE: "symbolicLink",
    tarfile.DIRTYPE: "directory", tarfile.CHRTYPE: "characterDevice", tarfile.BLKTYPE: "blockDevice",
    tarfile.FIFOTYPE: "fifo",
}


def raw(text):
    return text.encode("utf-8", "surrogateescape")


def main():
    end = 0
    with tarfile.open(sys.argv[1], "r:", encoding="utf-8", errors="surrogateescape") as archive:
        for member in archive:
            own = {k: v for k, v in member.pax_headers.items() if archive.pax_headers.get(k) != v}
            seconds, nanoseconds = int(member.mtime), 0
            if "mtime" in own:
                exact = int(Decimal(own["mtime"]) * 10**9 // 1)
                seconds, nanoseconds = exact // 10**9, exact % 10**9
            sparse = "-"
            if member.sparse is not None:
                sparse = ",".join(f"{offset},{size}" for offset, size in member.sparse if size > 0)
                sparse = f"{member.size}:{sparse}"
            records = [f"{raw(k).hex()}={raw(v).hex()}" for k, v in own.items() if not k.startswith("GNU.sparse.")]
            size = 0 if not member.isreg() and not member.issparse() else member.size
            if member.sparse is not None:
                size = sum(length for _, length in member.sparse)
            end = max(end, member.offset_data + (size + 511) // 512 * 512)
            print(KINDS[member.type], raw(member.name.rstrip("/")).hex() or "-", raw(member.linkname).hex() or "-",
                  member.mode, member.uid, member.gid, raw(member.uname).hex() or "-", raw(member.gname).hex() or "-",
                  seconds, nanoseconds, member.devmajor, member.devminor, member.offset_data, size, sparse,
                  ";".join(sorted(records)) or "-")
    print(end + 1024)


main()
