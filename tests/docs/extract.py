# SPDX-License-Identifier: Apache-2.0
"""Takes the programs out of a page of docs/, for tests/docs/CMakeLists.txt.

extract.py PAGE FOLDER writes FOLDER/PAGE_k.cpp for each ```cpp block and FOLDER/PAGE_k.txt with the ```text
block that follows it, and prints their names. A program without an output to be held against is an error.
"""
import pathlib
import re
import sys


def blocks(text):
    """(language, content) of each fenced block, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def write_if_changed(path, text):
    """Keeps the time of a file that stays the same, so that nothing is compiled again."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main(page, folder):
    folder.mkdir(parents=True, exist_ok=True)
    found = blocks(page.read_text())
    names = []
    for at, (language, content) in enumerate(found):
        if language != "cpp":
            continue
        if at + 1 == len(found) or found[at + 1][0] != "text":
            sys.exit(f"{page}: program {len(names) + 1} is not followed by a text block with its output")
        name = f"{page.stem}_{len(names) + 1}"
        write_if_changed(folder / f"{name}.cpp", content)
        write_if_changed(folder / f"{name}.txt", found[at + 1][1])
        names.append(name)
    if not names:
        sys.exit(f"{page}: there is no program in it")
    print(";".join(names), end="")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
