#!/usr/bin/env python3
"""Reads Prometheus's text exposition format 0.0.4 strictly, and prints every sample as JSON: {"name{labels}": value}. Ends
with 1 where the text breaks a rule of the format or of the naming conventions."""
import json
import math
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")


def unescaped(text, quotes):
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "\\": "\\", '"': '"' if quotes else '\\"'}[found[1]], text)


def labels(text):
    result, rest = {}, text or ""
    while rest:
        found = LABEL.match(rest)
        assert found, f"labels {text!r}"
        assert found[1] not in result, f"label {found[1]} twice"
        result[found[1]] = unescaped(found[2], True)
        rest = rest[found.end():]
    return result


def check_histogram(name, samples):
    buckets = [(float(s[1]["le"].replace("+Inf", "inf")), s[2]) for s in samples if s[0] == name + "_bucket"]
    single = {s[0]: s[2] for s in samples if s[0] != name + "_bucket"}
    assert buckets == sorted(buckets), f"{name}: the buckets are not in order"
    assert [count for _, count in buckets] == sorted(count for _, count in buckets), f"{name}: not cumulative"
    assert math.isinf(buckets[-1][0]) and buckets[-1][1] == single[name + "_count"], f"{name}: the last bucket"
    assert set(single) == {name + "_sum", name + "_count"}, f"{name}: {set(single)}"
    assert single[name + "_sum"] >= 0


def main():
    text = sys.stdin.buffer.read().decode()
    assert text.endswith("\n"), "the last line does not end"
    kinds, helps, families, seen = {}, {}, {}, {}
    for line in text.split("\n")[:-1]:
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            assert name not in helps and re.fullmatch(NAME, name), line
            helps[name] = unescaped(words, False)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name not in kinds and name in helps and name not in families, line
            assert kind in ("counter", "gauge", "histogram"), line
            kinds[name] = kind
            current = name
        else:
            found = SAMPLE.fullmatch(line)
            assert found, f"no sample: {line!r}"
            name, pairs, value = found[1], labels(found[2]), float(found[3].replace("Inf", "inf"))
            suffixes = ("_bucket", "_sum", "_count") if kinds[current] == "histogram" else ("",)
            assert name in [current + suffix for suffix in suffixes], f"{name} among the samples of {current}"
            key = name + json.dumps(sorted(pairs.items()))
            assert key not in seen, f"{line} twice"
            seen[key] = True
            families.setdefault(current, []).append((name, pairs, value))
    result = {}
    for name, samples in families.items():
        assert (kinds[name] == "counter") == name.endswith("_total"), f"{name} is a {kinds[name]}"
        if kinds[name] == "histogram":
            # A histogram for each set of the other labels.
            single = {}
            for sample in samples:
                rest = {label: value for label, value in sample[1].items() if label != "le"}
                single.setdefault(json.dumps(sorted(rest.items())), []).append(sample)
            for one in single.values():
                check_histogram(name, one)
        for sample, pairs, value in samples:
            assert kinds[name] == "gauge" or value >= 0, f"{sample} {value}"
            shown = ",".join(f'{label}="{pairs[label]}"' for label in sorted(pairs))
            result[sample + (f"{{{shown}}}" if shown else "")] = value
    assert set(kinds) == set(helps) == set(families), "a family without help, type or samples"
    json.dump(result, sys.stdout)


main()
