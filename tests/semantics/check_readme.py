# SPDX-License-Identifier: Apache-2.0
"""README.md and the test cases name each other: a behaviour marked as tested has a test case of exactly its
name in the file its section names, every test case is in the list once, and what is not tested says why.

Called with the root of the tree; prints one line a breach and exits 1 if there was any. `--self-test` plants
a breach of each kind and fails where none is reported.
"""
import pathlib
import re
import sys

_CASE = re.compile(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"')
_SECTION = re.compile(r"^## .*\(`(\w+\.cpp)`\)$")
_ROW = re.compile(r"^\| (?P<behaviour>[^|]+) \| (?P<ray>[^|]+) \| (?P<mark>[^|]+) \|$")
_MARK = re.compile(r"tested|tested in `(?P<other>[\w.]+)`|"
                   r"(?P<kind>different|different, tested|not offered): .{10,}")


def rows_of(readme):
    """(line number, the section's file, behaviour, mark) of every row of the tables."""
    section = None
    for number, line in enumerate(readme.splitlines(), 1):
        heading = _SECTION.match(line)
        if heading:
            section = heading.group(1)
        row = _ROW.match(line)
        if row and row["behaviour"] != "behaviour" and not set(row["behaviour"]) <= {"-"}:
            yield number, section, row["behaviour"].strip(), row["mark"].strip()


def breaches(readme, cases, elsewhere):
    """cases: (file, name) of every test case; elsewhere: the text in which other tests are registered."""
    named = {}
    for number, section, behaviour, mark in rows_of(readme):
        if behaviour in named:
            yield number, f"'{behaviour}' is listed twice"
        named[behaviour] = section
        match = _MARK.fullmatch(mark)
        if not match:
            yield number, (f"'{behaviour}': the mark is 'tested', 'tested in `a registered test`', or "
                           "'different', 'different, tested' or 'not offered' with ': ' and the reason")
            continue
        if mark == "tested" or match["kind"] == "different, tested":
            if (section, behaviour) not in cases:
                yield number, f"'{behaviour}' is tested, but {section} has no test case of that name"
        elif (section, behaviour) in cases:
            yield number, f"'{behaviour}' has a test case, but its mark is '{mark.split(':')[0]}'"
        if match["other"] and not re.search(rf"(?<![\w.]){re.escape(match['other'])}(?!\w)", elsewhere):
            yield number, f"'{behaviour}': no CMakeLists.txt of tests/ registers {match['other']}"
    for file, name in cases:
        if named.get(name) != file:
            yield 1, f"the test case '{name}' of {file} is not in that file's section"
    if not named:
        yield 1, "no behaviour is listed"


def check(root):
    here = pathlib.Path(root) / "tests" / "semantics"
    files = sorted(here.glob("test_*.cpp"))
    cases = [(path.name, name) for path in files for name in _CASE.findall(path.read_text())]
    elsewhere = "".join(p.read_text() for p in (pathlib.Path(root) / "tests").rglob("CMakeLists.txt"))
    found = list(breaches((here / "README.md").read_text(), cases, elsewhere))
    for number, words in found:
        print(f"tests/semantics/README.md:{number}: {words}")
    print(f"{len(cases)} test cases, {len(found)} breaches")
    return 1 if found else 0


def self_test():
    table = "## Tasks (`test_a.cpp`)\n| behaviour | in Ray | here |\n|---|---|---|\n"
    good = (table + "| one | x | tested |\n| two | x | tested in `mpi_two` |\n"
            "| three | x | not offered: it has no use |\n")
    cases = [("test_a.cpp", "one")]
    assert not list(breaches(good, cases, "f(mpi_two RANKS 2)")), "a good list was refused"
    bad = {
        "a test that does not exist": (table + "| gone | x | tested |\n", []),
        "a test that is not listed": (table + "| one | x | tested |\n", cases + [("test_a.cpp", "more")]),
        "a test in another file": (table + "| one | x | tested |\n", [("test_b.cpp", "one")]),
        "a row twice": (table + "| one | x | tested |\n" * 2, cases),
        "no reason": (table + "| one | x | not offered |\n", []),
        "an unknown mark": (table + "| one | x | later |\n", []),
        "a test marked as missing": (table + "| one | x | not offered: it has no use |\n", cases),
        "an unregistered program": (table + "| one | x | tested in `mpi_three` |\n", []),
        "nothing": ("", []),
    }
    for what, (readme, those) in bad.items():
        assert list(breaches(readme, those, "f(mpi_two RANKS 2)")), f"{what} passed"
    print(f"{len(bad)} planted breaches were found")


if __name__ == "__main__":
    if sys.argv[1] == "--self-test":
        self_test()
    else:
        sys.exit(check(sys.argv[1]))
