#!/usr/bin/env python3
"""A stopwatch outside of the bench: stopwatch.py PORT FILE writes the time of each GET /end to FILE.

stopwatch.py --compare FILE REPORT "TIME DURATION" compares the bench's total with the time from the registry's first answer, by
its log, to the last but one GET /end (the last is that of the warm start): both must agree to 2 % or 20 ms, and to what the log's clock and the process's end take."""
import http.server
import json
import re
import sys
import time
from datetime import datetime


def compare(file, report, begin):
    moment, duration = begin.split()
    fraction = re.search(r"\.(\d+)", moment)
    start = datetime.fromisoformat(re.sub(r"\.\d+", "", moment).replace("Z", "+00:00")).timestamp()
    start += float("0." + fraction[1]) if fraction else 0
    number, unit = re.fullmatch(r"([0-9.]+)(µs|us|ms|s)", duration).groups()
    start -= float(number) * {"µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1}[unit]
    with open(file) as lines:
        end = float(lines.read().split()[-2])
    with open(report) as text:
        first = json.load(text)["sides"][0]["starts"][0]
    total = sum(phase["seconds"] for phase in first["phases"])
    print(f"bench {total:.3f} s, stopwatch {end - start:.3f} s")
    return abs(total - (end - start)) <= max(0.02 * total, 0.02) + 0.05


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/end":
            with open(sys.argv[2], "a") as file:
                print(time.time(), file=file)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if sys.argv[1] == "--compare":
    sys.exit(not compare(*sys.argv[2:]))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
