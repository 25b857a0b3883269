#!/usr/bin/env python3
"""crash_serving.py PID MARKS MANIFEST FILE: crashes a thread of a daemon at a moment when it runs code for this image.

FILE, of which nothing is here, is read meanwhile, so that there are spans to inflate. The daemon is stopped for each look at the file
of its marks, whose form CrashMarks.swift describes. Ends with 1 when the whole file was read without such a moment."""

import ctypes
import os
import signal
import sys
import threading
import time

process, path, manifest = int(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3].removeprefix("sha256:"))
# A busy machine must not keep this from its looks for as long as the daemon takes for all of the file.
os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def read():
    file = os.open(sys.argv[4], os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    for offset in range(0, os.fstat(file).st_size, 1 << 20):
        os.pread(file, 4096, offset)


def is_stopped():
    for task in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{task}/stat") as file:
            if file.read().rpartition(")")[2].split()[0] not in "TX":
                return False
    return True


def serving():
    """The ID of a thread that runs code for the image; 0 for none."""
    with open(path, "rb") as file:
        marks = file.read()
    places = [marks[start : start + 64] for start in range(64, len(marks), 64)]
    threads = [int.from_bytes(place[40:48], sys.byteorder) for place in places if place[0] == 1 and place[8:40] == manifest]
    return next(iter(threads), 0)


reader = threading.Thread(target=read, daemon=True)
reader.start()
while reader.is_alive():
    os.kill(process, signal.SIGSTOP)
    while not is_stopped():
        time.sleep(0.0005)
    thread = serving()
    if thread:
        # Sent to the process, it would reach another thread, and this one could end its work meanwhile. SIGTRAP is what Swift traps
        # with, and no thread blocks it.
        ctypes.CDLL(None).tgkill(process, thread, signal.SIGTRAP)
    os.kill(process, signal.SIGCONT)
    if thread:
        os._exit(0)
    time.sleep(0.0005)
sys.exit(1)
