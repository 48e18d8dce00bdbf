# SPDX-License-Identifier: Apache-2.0
"""Every C++ file is as clang-format 14 writes it; other versions differ in details, so they are not asked.

Exits 77 (skipped) with a sentence where that version is not installed. Never rewrites a file.
"""
import pathlib
import re
import shutil
import subprocess
import sys

import tree

VERSION = 14
SKIPPED = 77


def find_formatter():
    """The path of a clang-format of the right version, or None."""
    for name in (f"clang-format-{VERSION}", "clang-format"):
        program = shutil.which(name)
        if program:
            answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
            if re.search(rf"\bversion {VERSION}\.", answer.stdout):
                return program
    return None


def check(root, program):
    """Yields (path, line, words) of the first place where a file differs from its formatted text."""
    for path in tree.cpp_files(root, ("src", "include", "apps", "bench", "tests")):
        formatted = subprocess.run([program, "--style=file", str(path)], capture_output=True, text=True,
                                   check=True)
        old, new = path.read_text().split("\n"), formatted.stdout.split("\n")
        if old != new:
            same = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
            yield path, same + 1, f"clang-format -i {path.relative_to(root)}"


if __name__ == "__main__":
    formatter = find_formatter()
    if formatter is None:
        print(f"Skipped: clang-format {VERSION} is not installed.")
        sys.exit(SKIPPED)
    tree.main(lambda root: check(pathlib.Path(root), formatter), "formatting")
