"""Checks that dependencies point one way: a folder may use the types of those before it in ORDER, and of none after it.

A use is the name of a type outside comments and strings. The compiler holds the direction between targets; between folders of
HermesCore this does."""

import pathlib
import re
import sys

ORDER = [
    ["OCI", "Tar"],
    ["Gzip", "Registry"],
    ["Image"],
    ["Index"],
    ["Spans"],
    ["Fetching", "Tree"],
    ["Reading"],
    ["Cache"],
    ["Mount", "Export"],
]
CORE = pathlib.Path(__file__).parent.parent / "Sources/HermesCore"
DECLARATION = re.compile(r"^(?:@\w+ )*(?:(?:package|public|internal|final|indirect) )*(?:struct|class|enum|protocol|actor|typealias) (\w+)", re.M)


def code(path):
    """The text of a Swift file without comments and the literal parts of strings."""
    text = re.sub(r'"""(?!\s*,).*?"""', '""', path.read_text(), flags=re.S)
    text = re.sub(r"//.*", "", text)
    return re.sub(r'"(?:\\.|[^"\\])*"', lambda string: " ".join(re.findall(r"\\\((.*?)\)", string[0])), text)


rank = {folder: level for level, folders in enumerate(ORDER) for folder in folders}
sources = {path: code(path) for path in sorted(CORE.rglob("*.swift"))}
home = {path: path.relative_to(CORE).parts[0] for path in sources}
unknown = sorted({folder for folder in home.values() if folder not in rank})
faults = [f"{CORE / folder}: no place in ORDER of {__file__}" for folder in unknown]
owner = {}
for path, text in sources.items():
    for name in DECLARATION.findall(text):
        owner[name] = home[path]
for path, text in sources.items():
    for name in sorted(set(re.findall(r"\b[A-Z]\w+", text))):
        used = owner.get(name)
        if used is None or used == home[path] or unknown:
            continue
        if rank[used] >= rank[home[path]]:
            faults.append(f"{path.relative_to(CORE)}: uses {name} of {used}/")
print("\n".join(faults), end="\n" if faults else "")
sys.exit(bool(faults))
