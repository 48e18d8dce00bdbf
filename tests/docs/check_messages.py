# SPDX-License-Identifier: Apache-2.0
"""check_messages.py ROOT: what docs/troubleshooting.md quotes in its first columns is said by the sources.

A quoted message that is no longer in any string literal of src, apps or include is an error. Words of other
programs are marked in the page by their name in brackets, (Open MPI).
"""
import pathlib
import re
import sys

LITERALS = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def said(root):
    """All string literals, those next to each other joined, as one text."""
    text = []
    for folder in ("src", "apps", "include"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp"):
                joined = re.sub(r'"\s*\n\s*"', "", path.read_text())
                text += LITERALS.findall(joined)
    return "\n".join(text).replace('\\"', '"')


def quoted(page):
    """The messages in the first column of each table row."""
    for line in page.splitlines():
        cells = line.split(" | ")
        if not line.startswith("| ") or "(Open MPI)" in cells[0]:
            continue
        for message in re.findall(r"`([^`]+)`", cells[0]):
            if not message.startswith(("--", "PMIX")):
                yield message


def main(root):
    text = said(root)
    messages = list(quoted((root / "docs/troubleshooting.md").read_text()))
    absent = [message for message in messages if message not in text]
    for message in absent:
        print(f"docs/troubleshooting.md quotes what nothing says any more: {message}")
    print(f"{len(messages)} messages, {len(absent)} absent")
    return 1 if absent or len(messages) < 10 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
