# SPDX-License-Identifier: Apache-2.0
"""Every public header compiles alone: the build holds one translation unit a header (header_probes in CMake).

The compiler itself is the check, so a breach fails the build. This script makes sure that no header escaped
it: it exits 1 naming headers without a probe. `--self-test COMPILER` proves that the probe's text catches a
header which leans on its includer.
"""
import pathlib
import subprocess
import sys
import tempfile


def probe_text(header):
    """A translation unit for one header, included twice because a missing guard is a breach too."""
    return f"#include <{header}>\n#include <{header}>\n"


def write_probes(root, folder):
    """Writes a probe for each header of root/include below folder, touching what changed; prints them."""
    include, folder = pathlib.Path(root) / "include", pathlib.Path(folder)
    wanted = {}
    for header in sorted(include.rglob("*.hpp")):
        name = header.relative_to(include).as_posix()
        wanted[folder / (name.replace("/", "_") + ".cpp")] = probe_text(name)
    for path, text in wanted.items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    print(";".join(str(path) for path in wanted), end="")


def compiles(compiler, header_text):
    """Whether a header of this text passes the probe."""
    with tempfile.TemporaryDirectory() as scratch:
        (pathlib.Path(scratch) / "fixture.hpp").write_text(header_text)
        probe = pathlib.Path(scratch) / "probe.cpp"
        probe.write_text(probe_text("fixture.hpp"))
        command = [compiler, "-std=c++20", "-fsyntax-only", f"-I{scratch}", str(probe)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def self_test(compiler):
    assert compiles(compiler, "#pragma once\n#include <vector>\ninline std::vector<int> v() { return {}; }\n")
    assert not compiles(compiler, "#pragma once\ninline std::vector<int> empty() { return {}; }\n"), \
        "a header that lacks an include passed"
    assert not compiles(compiler, "inline int twice() { return 2; }\n"), "a header without a guard passed"
    print("The probe rejects headers that do not compile alone.")


def check_complete(root, compiled):
    """compiled: the file that lists the probes the build compiles."""
    known = {pathlib.Path(p).name for p in pathlib.Path(compiled).read_text().split(";") if p}
    include = pathlib.Path(root) / "include"
    headers = [h.relative_to(include).as_posix() for h in sorted(include.rglob("*.hpp"))]
    escaped = [h for h in headers if h.replace("/", "_") + ".cpp" not in known]
    for header in escaped:
        print(f"include/{header}:1: the build compiles no probe of it; configure again")
    print(f"{len(headers)} public headers, {len(escaped)} escaped")
    return 1 if escaped or not headers else 0


if __name__ == "__main__":
    if sys.argv[1] == "--self-test":
        self_test(sys.argv[2])
    elif sys.argv[1] == "--write":
        write_probes(sys.argv[2], sys.argv[3])
    else:
        sys.exit(check_complete(sys.argv[1], sys.argv[2]))
