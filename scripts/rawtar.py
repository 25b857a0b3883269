"""Tar and gzip bytes by hand: the header fields, dialects and framings that ordinary writers never produce."""
import struct
import zlib

BLOCK = 512
# The type flags of POSIX.1-2001; OLD_FILE is that of the tar before it, CONTIGUOUS is read as a file.
FILE, LINK, SYMLINK, CHAR, BLOCK_DEVICE, DIR, FIFO, CONTIGUOUS = (bytes([c]) for c in b"01234567")
OLD_FILE = b"\0"


def number(value, width):
    """A numeric field: octal where it fits, else GNU's base-256 (also for negative numbers)."""
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    return bytes([0x80 if value >= 0 else 0xFF]) + value.to_bytes(width - 1, "big", signed=True)


def header(name, kind, size, mode=0o644, owner=(0, 0), mtime=0, link=b"", device=(0, 0), gnu=False, v7=False):
    """One 512-byte header. Names that are too long are cut: a PAX or GNU record before it has the whole one."""
    prefix = b"" if v7 else (b"ustar  \0" if gnu else b"ustar\x0000") + b"root".ljust(32, b"\0") * 2
    block = b"".join([
        name[:100].ljust(100, b"\0"), number(mode, 8), number(owner[0], 8), number(owner[1], 8), number(size, 12),
        number(mtime, 12), b" " * 8, kind, link[:100].ljust(100, b"\0"), prefix,
        b"" if v7 else number(device[0], 8) + number(device[1], 8),
    ]).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def pax_record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    length = len(body)
    while len(b"%d" % length) + len(body) != length:
        length = len(b"%d" % length) + len(body)
    return b"%d" % length + body


class Tar:
    """A tar stream in the making. `add` writes one entry in the dialect asked for: pax, gnu, ustar or v7."""

    def __init__(self):
        self.parts = []

    def add(self, name, kind=FILE, data=b"", dialect="pax", mtime=1_700_000_000, nanoseconds=0, pax=(), link=b"", **fields):
        """`mtime` in seconds, with `nanoseconds` added (PAX only); `pax`: more records as pairs of bytes."""
        records = list(pax)
        if nanoseconds or (dialect == "pax" and not 0 <= mtime < 8**11):
            records.append((b"mtime", decimal(mtime * 10**9 + nanoseconds)))
            mtime = max(mtime, 0)
        if dialect == "pax":
            records += [(key, value) for key, value in ((b"path", name), (b"linkpath", link)) if len(value) > 100]
        elif dialect == "gnu":
            self._gnu_long(b"L", name)
            self._gnu_long(b"K", link)
        if records:
            body = b"".join(pax_record(key, value) for key, value in records)
            self.parts += [header(b"PaxHeaders/entry", b"x", len(body)), padded(body)]
        forms = {"gnu": dialect == "gnu", "v7": dialect == "v7"}
        self.parts += [header(name, kind, len(data), mtime=mtime, link=link, **fields, **forms), padded(data)]

    def add_global(self, key, value):
        """A PAX global header, such as git archive writes."""
        body = pax_record(key, value)
        self.parts += [header(b"pax_global_header", b"g", len(body)), padded(body)]

    def _gnu_long(self, kind, value):
        if len(value) > 100:
            self.parts += [header(b"././@LongLink", kind, len(value) + 1, gnu=True), padded(value + b"\0")]

    def bytes(self, end=2):
        """The stream with `end` blocks of zeros at its end; two are usual, none is read as well."""
        return b"".join(self.parts) + bytes(end * BLOCK)


def decimal(nanoseconds):
    """Seconds with a fraction, as PAX writes times; the sign is that of the whole."""
    sign, magnitude = (b"-", -nanoseconds) if nanoseconds < 0 else (b"", nanoseconds)
    return sign + b"%d.%09d" % divmod(magnitude, 10**9)


def gzip_member(data, level=6, strategy=zlib.Z_DEFAULT_STRATEGY, name=b"", comment=b"", extra=b"", header_crc=False):
    """One gzip member (RFC 1952) with the optional header fields given."""
    flags = (bool(header_crc) << 1) | (bool(extra) << 2) | (bool(name) << 3) | (bool(comment) << 4)
    head = struct.pack("<BBBBIBB", 0x1F, 0x8B, 8, flags, 1_600_000_000, 0, 3)
    if extra:
        head += struct.pack("<H", len(extra)) + extra
    head += b"".join(text + b"\0" for text in (name, comment) if text)
    if header_crc:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    body = deflate.compress(data) + deflate.flush()
    return head + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
