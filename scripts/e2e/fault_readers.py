#!/usr/bin/env python3
"""Reads a whole mount once, in pieces of odd sizes and in an order without sense, with several threads, and compares every
byte with a folder that has the same files. A read may fail with EIO, but never be wrong, and never take longer than the
deadline of the mount. Prints the counts as JSON and ends with 1 if something did not keep to that.

  --eio some        reads may fail with EIO (and some must); by default none may
  --eio any         reads may fail, or not
  --pieces N        only so many pieces, each by a thread of its own
  --pace SECONDS    between the reads of a thread
"""
import argparse
import collections
import errno
import json
import os
import queue
import random
import sys
import threading
import time


def plan(tree, seed):
    """(file, offset, size) of pieces that cover every file; a size of None is a whole file, in one open and many reads."""
    chance = random.Random(seed)
    pieces = []
    for folder, _, names in sorted(os.walk(tree)):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), tree)
            if os.path.islink(os.path.join(tree, path)):
                continue
            size = os.path.getsize(os.path.join(tree, path))
            if chance.random() < 0.2:
                pieces.append((path, 0, None))
                continue
            at = 0
            while at < size:
                step = chance.randrange(1, 400_000)
                pieces.append((path, at, min(step, size - at)))
                at += step
    chance.shuffle(pieces)
    return pieces


class Readers:
    def __init__(self, options):
        self.options = options
        self.counts = collections.Counter(ok=0, eio=0, wrong=0, other=0)
        self.slowest = 0.0
        self.lock = threading.Lock()
        self.pieces = queue.SimpleQueue()

    def read(self, folder, piece):
        path, at, size = piece
        descriptor = os.open(os.path.join(folder, path), os.O_RDONLY)
        try:
            if size is not None:
                return os.pread(descriptor, size, at)
            parts = []
            while part := self.timed(os.read, descriptor, 100_000):
                parts.append(part)
            return b"".join(parts)
        finally:
            os.close(descriptor)

    def timed(self, call, *arguments):
        start = time.monotonic()
        try:
            return call(*arguments)
        finally:
            with self.lock:
                self.slowest = max(self.slowest, time.monotonic() - start)

    def judge(self, piece):
        try:
            if piece[2] is None:
                got = self.read(self.options.mount, piece)
            else:
                got = self.timed(self.read, self.options.mount, piece)
        except OSError as error:
            self.say(piece, errno.errorcode.get(error.errno, "?"))
            return "eio" if error.errno == errno.EIO else "other"
        wanted = self.read(self.options.tree, piece)
        if got == wanted:
            return "ok"
        if piece[2] is not None and 0 < len(got) < len(wanted) and wanted.startswith(got):
            # The kernel gives what it has of a read whose rest failed. Where nothing may fail, the rest must now be right.
            if self.options.eio != "none":
                return "eio"
            rest = (piece[0], piece[1] + len(got), piece[2] - len(got))
            return self.judge(rest)
        self.say(piece, "wrong bytes")
        return "wrong"

    def say(self, piece, what):
        print(f"{what}: {piece[0]}, offset {piece[1]}, size {piece[2]}", file=sys.stderr, flush=True)

    def run(self):
        while True:
            try:
                piece = self.pieces.get_nowait()
            except queue.Empty:
                return
            verdict = self.judge(piece)
            with self.lock:
                self.counts[verdict] += 1
            time.sleep(self.options.pace)

    def all(self):
        for piece in plan(self.options.tree, self.options.seed)[:self.options.pieces]:
            self.pieces.put(piece)
        threads = [threading.Thread(target=self.run) for _ in range(self.options.pieces or self.options.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps({**self.counts, "slowest": round(self.slowest, 1)}), flush=True)
        eio = self.counts["eio"]
        right = {"none": eio == 0, "some": eio > 0, "any": True}[self.options.eio]
        return (
            right and self.counts["ok"] + eio > 0 and self.counts["wrong"] == self.counts["other"] == 0
            and self.slowest <= self.options.deadline)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mount")
    parser.add_argument("tree")
    parser.add_argument("--eio", choices=["none", "some", "any"], default="none")
    parser.add_argument("--pieces", type=int, metavar="N")
    parser.add_argument("--pace", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=6)
    # Twice the mount's own 60 seconds: when its read-ahead fails, the kernel reads the page once more by itself.
    parser.add_argument("--deadline", type=float, default=130)
    return Readers(parser.parse_args()).all()


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
