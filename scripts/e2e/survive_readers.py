#!/usr/bin/env python3
"""Reads all files of a mount again and again, with several processes, and compares each with a folder that has the same files.
No page is taken from the kernel's memory, so that each pass asks the mount. Runs until the file STOP exists, and each process has
made one pass at least. Prints the counts and the longest wait as JSON, and ends with 1 if a call failed or a byte was wrong.

  survive_readers.py MOUNT TREE STOP [PROCESSES]
"""
import hashlib
import json
import multiprocessing
import os
import random
import sys
import time


def files(tree):
    found = {}
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, tree)] = hashlib.sha256(file.read()).digest()
    return found


def read(mount, expected, stop, seed, results):
    chance = random.Random(seed)
    counts = {"passes": 0, "reads": 0, "wrong": 0, "failed": 0, "errors": [], "longest": 0.0}

    def timed(call, *arguments):
        start = time.monotonic()
        try:
            return call(*arguments)
        finally:
            counts["reads"] += 1
            counts["longest"] = max(counts["longest"], time.monotonic() - start)

    while not (counts["passes"] and os.path.exists(stop)):
        paths = list(expected)
        chance.shuffle(paths)
        for path in paths:
            try:
                descriptor = timed(os.open, os.path.join(mount, path), os.O_RDONLY)
                try:
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                    digest = hashlib.sha256()
                    size = chance.choice((4096, 100_000, 1 << 20))
                    while part := timed(os.read, descriptor, size):
                        digest.update(part)
                finally:
                    os.close(descriptor)
                if digest.digest() != expected[path]:
                    counts["wrong"] += 1
                    counts["errors"].append(f"{path}: wrong")
            except OSError as error:
                counts["failed"] += 1
                counts["errors"].append(f"{path}: {error}")
                time.sleep(0.05)
        counts["passes"] += 1
    results.put(counts)


def main():
    mount, tree, stop = sys.argv[1:4]
    expected = files(tree)
    results = multiprocessing.Queue()
    readers = [
        multiprocessing.Process(target=read, args=(mount, expected, stop, seed, results))
        for seed in range(int(sys.argv[4]) if len(sys.argv) > 4 else 8)
    ]
    for reader in readers:
        reader.start()
    all_counts = [results.get() for _ in readers]
    for reader in readers:
        reader.join()
    total = {name: sum(counts[name] for counts in all_counts) for name in ("passes", "reads", "wrong", "failed")}
    total["files"] = len(expected)
    total["longest"] = round(max(counts["longest"] for counts in all_counts), 3)
    total["errors"] = [error for counts in all_counts for error in counts["errors"]][:5]
    print(json.dumps(total))
    sys.exit(1 if total["wrong"] or total["failed"] else 0)


main()
