#!/usr/bin/env python3
"""A stopwatch outside of the bench: stopwatch.py PORT FILE answers GET /ready with 503, but once with 200 after each GET /end, and
writes the time of that to FILE.

stopwatch.py --compare FILE REPORT ANSWERS compares the cold starts of the bench with the times from the registry's answer that
resolved the image, by the lines of ANSWERS, to the answer that the workload is ready, which comes before that of the warm start.

The bench learns of both answers a moment later, which a busy machine makes longer. So a start is taken for right that agrees to 2 % or
20 ms, and one of them must be: an error of the bench is in all of them."""
import http.server
import json
import re
import sys
import time
from datetime import datetime


def time_of(line):
    moment = line.strip()
    fraction = re.search(r"\.(\d+)", moment)
    time = datetime.fromisoformat(re.sub(r"\.\d+", "", moment).replace("Z", "+00:00")).timestamp()
    return time + (float("0." + fraction[1]) if fraction else 0)


def compare(file, report, answers):
    with open(report) as text:
        starts = [start for start in json.load(text)["sides"][0]["starts"] if start["isCold"]]
    with open(answers) as lines:
        # The image was asked for once more before the first round.
        begins = [time_of(line) for line in lines][-len(starts) :]
    with open(file) as lines:
        ends = [float(line) for line in lines][-2 * len(starts) :: 2]
    agrees = False
    for start, begin, end in zip(starts, begins, ends, strict=True):
        seconds = sum(phase["seconds"] for phase in start["phases"] if phase["name"] != "resolve")
        print(f"bench {seconds:.3f} s, stopwatch {end - begin:.3f} s")
        agrees = agrees or abs(seconds - (end - begin)) <= max(0.02 * seconds, 0.02)
    return agrees


class Handler(http.server.BaseHTTPRequestHandler):
    has_ended = False

    def do_GET(self):
        is_ready = self.path == "/ready" and Handler.has_ended
        if is_ready:
            with open(sys.argv[2], "a") as file:
                print(time.time(), file=file)
        if self.path in ("/ready", "/end"):
            Handler.has_ended = self.path == "/end"
        self.send_response(503 if self.path == "/ready" and not is_ready else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if sys.argv[1] == "--compare":
    sys.exit(not compare(*sys.argv[2:]))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
