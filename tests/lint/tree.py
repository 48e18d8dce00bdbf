# SPDX-License-Identifier: Apache-2.0
"""What the lint scripts share: walking the source tree, blanking comments and strings, reporting breaches.

Reads only. Each script is called with the root of a tree, prints one line a breach (path:line: words) and
exits 1 if there was any. tests/lint/self_test.py plants a breach of each kind, fails where none is reported.
"""
import pathlib
import re
import sys

CPP_SUFFIXES = (".hpp", ".cpp", ".cu", ".cuh", ".h", ".cc", ".cxx", ".hh", ".c")
FOLDERS = ("src", "include", "apps", "bench", "tests", "tools", "cmake", "slurm", ".ci")


def source_files(root, folders=FOLDERS):
    """All files below the given folders of root, with the default folders also those of root; sorted."""
    root = pathlib.Path(root)
    found = [p for p in root.iterdir() if p.is_file()] if folders is FOLDERS else []
    for folder in folders:
        found += [p for p in (root / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return sorted(found)


def cpp_files(root, folders):
    return [p for p in source_files(root, folders) if p.suffix in CPP_SUFFIXES]


_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"  # comments
    r"|R\"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)\""  # raw strings
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'"  # strings and characters
    r"|\b\d[\w']*",  # numbers, whose ' opens nothing
    re.DOTALL)


def blanked(text, keep_strings=False):
    """C++ text with comments (and string and character literals) blanked out; line numbers stay."""
    def blank(match):
        token = match.group(0)
        if token[0].isdigit() or (keep_strings and token[0] not in "/"):
            return token
        return re.sub(r"[^\n]", " ", token)
    return _TOKEN.sub(blank, text)


_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def includes(text):
    """(line number, '<' or '"', the name) of every #include that is not in a comment."""
    for match in _INCLUDE.finditer(blanked(text, keep_strings=True)):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)


def main(check, description):
    """check(root) yields (path, line, words); line is None where a breach has no line."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ROOT    {description}")
    root = pathlib.Path(sys.argv[1]).resolve()
    breaches = list(check(root))
    for path, line, words in breaches:
        where = path.relative_to(root) if path.is_relative_to(root) else path
        print(f"{where}:{line or 1}: {words}")
    print(f"{description}: {len(breaches)} breaches")
    sys.exit(1 if breaches else 0)
