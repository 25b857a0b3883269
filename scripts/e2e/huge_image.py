#!/usr/bin/env python3
"""An OCI layout of an image with one file of more than 8 GiB, and the check of its bytes at many places.

  huge_image.py LAYOUT        makes it
  huge_image.py --check FILE  reads the mounted file and compares
"""
import hashlib
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import oci_layout  # noqa: E402
from rawtar import BLOCK, gzip_member, header  # noqa: E402

PIECE = 32 << 20
COUNT = 257
TAIL = b"the last bytes beyond 8 GiB\n"
SIZE = PIECE * COUNT + len(TAIL)


def piece():
    source = random.Random(8)
    words = [b"%d " % source.randrange(10**9) for _ in range(200)]
    return b"".join(source.choices(words, k=PIECE // 5))[:PIECE]


def make(folder):
    head = header(b"huge", b"0", SIZE)
    data = piece()
    end = TAIL + bytes(-len(TAIL) % BLOCK) + bytes(2 * BLOCK)
    plain = hashlib.sha256(head)
    for _ in range(COUNT):
        plain.update(data)
    plain.update(end)
    packed = gzip_member(data, level=1)
    layout = oci_layout.Layout(folder)
    # Members in a row: the piece is compressed once.
    layout.add_layer(gzip_member(head) + packed * COUNT + gzip_member(end), "sha256:" + plain.hexdigest())
    layout.write("latest")


def check(path):
    data = piece()
    assert os.stat(path).st_size == SIZE, os.stat(path)
    source = random.Random(9)
    places = [0, PIECE - 100, (1 << 31) - 100, (1 << 32) - 100, (1 << 33) - 100, PIECE * COUNT - 5000]
    places += [source.randrange(SIZE - 20_000) for _ in range(10)]
    with open(path, "rb", buffering=0) as file:
        for place in places:
            start = place % PIECE
            expected = (data[start:start + 10_000] + data)[:10_000] if place + 10_000 <= PIECE * COUNT else None
            found = os.pread(file.fileno(), 10_000, place)
            if expected is None:
                expected = (data[start:] + TAIL)[:10_000]
            assert found == expected, place
        assert os.pread(file.fileno(), 100, SIZE - len(TAIL)) == TAIL
        assert os.pread(file.fileno(), 100, SIZE) == b""


if __name__ == "__main__":
    check(sys.argv[2]) if sys.argv[1] == "--check" else make(sys.argv[1])
