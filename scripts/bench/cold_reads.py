#!/usr/bin/env python3
"""cold_reads.py TREE COUNT: reads 4 KiB at COUNT random places of the files of TREE, no two within 16 MiB of each other in
one file, and prints the seconds of each read."""
import os
import random
import sys
import time

APART = 16 << 20


def main():
    tree, count = sys.argv[1], int(sys.argv[2])
    places = []
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            if os.path.islink(path) or status.st_size < 4096 or not os.path.isfile(path):
                continue
            # A place for each 16 MiB, and for smaller files one with the chance that their size gives.
            pieces, rest = divmod(status.st_size, APART)
            places += [(path, piece * APART) for piece in range(pieces)]
            if random.Random(path).random() < rest / APART:
                places.append((path, pieces * APART))
    random.Random(1).shuffle(places)
    for path, place in places[:count]:
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
        start = time.perf_counter()
        os.pread(descriptor, 4096, place)
        print(time.perf_counter() - start)
        os.close(descriptor)


if __name__ == "__main__":
    main()
