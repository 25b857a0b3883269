"""Reads the events that `swift test --event-stream-output-path` writes: a line for each test that began and did not end."""

import json
import pathlib
import sys

path = pathlib.Path(sys.argv[1])
running = {}
for line in path.read_text().splitlines() if path.exists() else []:
    try:
        event = json.loads(line)["payload"]
    except ValueError:
        # The run was killed before it had written all of it.
        break
    name = event.get("testID")
    if event.get("kind") == "testStarted":
        running[name] = True
    elif event.get("kind") == "testEnded":
        running.pop(name, None)
for name in running:
    # The others are suites.
    if "/" in name:
        print(name)
