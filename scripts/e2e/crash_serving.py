#!/usr/bin/env python3
"""crash_serving.py PID MARKS MANIFEST FILE: aborts a daemon at a moment when its threads run code for this image and for no other.

FILE, of which nothing is here, is read meanwhile, so that there are spans to inflate. The daemon is stopped for each look at the file
of its marks, whose form CrashMarks.swift describes. Ends with 1 when the whole file was read without such a moment."""

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


def served():
    with open(path, "rb") as file:
        marks = file.read()
    places = [marks[start : start + 64] for start in range(64, len(marks), 64)]
    return {place[8:40] for place in places if place[0] == 1}


reader = threading.Thread(target=read, daemon=True)
reader.start()
while reader.is_alive():
    os.kill(process, signal.SIGSTOP)
    while not is_stopped():
        time.sleep(0.0005)
    is_found = served() == {manifest}
    if is_found:
        os.kill(process, signal.SIGABRT)
    os.kill(process, signal.SIGCONT)
    if is_found:
        os._exit(0)
    time.sleep(0.0005)
sys.exit(1)
