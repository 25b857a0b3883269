"""Reads the results that `swift test --xunit-output` writes: a line per test, "passed" or "failed", a tab, and a pattern that
names this test alone to `swift test --filter`."""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml

path = pathlib.Path(sys.argv[1])
try:
    cases = xml.parse(path).iter("testcase") if path.exists() else []
except xml.ParseError:
    # The run was killed before it had written all of it.
    cases = []
for case in cases:
    if case.find("skipped") is not None:
        continue
    name = f"{case.get('classname')}/{case.get('name')}"
    print("failed" if case.find("failure") is not None else "passed", re.escape(name), sep="\t")
