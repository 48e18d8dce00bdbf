# SPDX-License-Identifier: Apache-2.0
"""Finds the tests of a sanitizer build that need no mpirun, so that tools/test.sh builds and runs just these.

    sanitized_tests.py programs BUILD            the programs to build, one a line, relative to BUILD
    sanitized_tests.py gather OUT RELEASE NAME=BUILD...
        writes OUT/CTestTestfile.cmake: every test of the RELEASE build, and each BUILD's as NAME.test, so
        that one ctest run ends in one summary

Reads what ctest itself says (ctest --show-only=json-v1); builds and runs nothing.
"""
import json
import pathlib
import platform
import re
import subprocess
import sys

LABELS = "^(unit|conformance|scenarios|simulation)$"  # no mpirun: Open MPI is not clean under sanitizers
THREADED = "^threads$"  # the thread sanitizer has nothing to find elsewhere
SLOWDOWN = 10  # timeouts are for release builds; sanitizers slow a program down by 2 to 15
ENVIRONMENT = {
    "asan": ["ASAN_OPTIONS=detect_stack_use_after_return=0:strict_string_checks=1",
             "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"],
    "tsan": ["TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1"],
}


def tests_of(build):
    """(program, name, command, properties) of each chosen test of a build; in build-tsan: of threads.

    program: the path, relative to the build, of the program that the test runs. Tests of other things
    (compile errors, scripts) say nothing about memory and threads, and are left to the release build.
    """
    chosen = ["-L", LABELS] + (["-L", THREADED] if build.name.endswith("tsan") else [])
    answer = subprocess.run(["ctest", "--show-only=json-v1", *chosen], cwd=build, check=True,
                            capture_output=True, text=True)
    registered = registered_programs(build)
    for test in json.loads(answer.stdout)["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        # ctest leaves the command of a program out until the program is built
        program = program_of(test.get("command", registered.get(test["name"], [])), build)
        if program:
            yield program, test["name"], test.get("command", []), properties


def registered_programs(build):
    """{test name: [its program]} as CMake wrote them for ctest."""
    found = {}
    for path in sorted(build.rglob("CTestTestfile.cmake")):
        for line in re.finditer(r'^add_test\(\[=*\[(.*?)\]=*\] "([^"]+)"', path.read_text(), re.MULTILINE):
            found[line.group(1)] = [line.group(2)]
    return found


def program_of(command, build):
    """The path of a test's program relative to the build, None if it is no program of the build."""
    path = pathlib.Path(command[0] if command else "").resolve()
    return path.relative_to(build) if path.is_relative_to(build) else None


def programs(build):
    return sorted({str(program) for program, _, _, _ in tests_of(build)})


def quoted(words):
    return " ".join(f"[==[{word}]==]" for word in words)


def without_randomisation():
    """gcc 12's thread sanitizer stops on kernels that randomise more address bits than it knows."""
    prefix = ["setarch", platform.machine(), "--addr-no-randomize"]
    try:
        works = subprocess.run(prefix + ["true"], capture_output=True, check=False).returncode == 0
    except OSError:
        works = False
    return prefix if works else []


def test_lines(variant, build):
    prefix = without_randomisation() if variant == "tsan" else []
    for _, name, command, properties in tests_of(build):
        environment = list(properties.get("ENVIRONMENT", [])) + ENVIRONMENT[variant]
        kept = {
            "LABELS": variant,
            "TIMEOUT": str(int(float(properties.get("TIMEOUT", 120)) * SLOWDOWN)),
            "PROCESSORS": str(properties.get("PROCESSORS", 1)),
            "WORKING_DIRECTORY": properties.get("WORKING_DIRECTORY", str(build)),
            "ENVIRONMENT": ";".join(environment),
        }
        for same in ("SKIP_RETURN_CODE", "PASS_REGULAR_EXPRESSION", "FAIL_REGULAR_EXPRESSION", "RUN_SERIAL"):
            if same in properties:
                value = properties[same]
                kept[same] = ";".join(value) if isinstance(value, list) else str(value)
        full_name = f"{variant}.{name}"
        words = quoted(word for pair in kept.items() for word in pair)
        yield f"add_test([==[{full_name}]==] {quoted(prefix + command)})"
        yield f"set_tests_properties([==[{full_name}]==] PROPERTIES {words})"


def gather(out, release, variants):
    lines = [f"subdirs([==[{release}]==])"]
    for variant, build in variants:
        lines += test_lines(variant, build)
    out.mkdir(parents=True, exist_ok=True)
    (out / "CTestTestfile.cmake").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "programs":
        print("\n".join(programs(pathlib.Path(sys.argv[2]).resolve())))
    else:
        pairs = [argument.split("=", 1) for argument in sys.argv[4:]]
        gather(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve(),
               [(name, pathlib.Path(build).resolve()) for name, build in pairs])
