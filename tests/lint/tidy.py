# SPDX-License-Identifier: Apache-2.0
"""Conventions a machine can check: licence line, lengths, file names, leftovers, syntax of scripts.

clang-format decides the looks (format.py); the compiler decides the rest.
"""
import ast
import re
import subprocess

import tree

LINE_MAX = 110
FUNCTION_LINES_MAX = 60
SPDX = "SPDX-License-Identifier: Apache-2.0"
CPP_SUFFIXES_ALLOWED = (".hpp", ".cpp", ".cu")
STAND_INS = "emulated"  # headers that are found before others' bear their names
FILE_NAME = re.compile(r"^\.?[a-z0-9_]+(\.[a-z0-9_]+)*$")
FILE_NAMES_OF_TOOLS = re.compile(
    r"^(CMakeLists\.txt|CMakePresets\.json|README\.md|DEVELOPERS\.md|LICENSE|Rankine[A-Za-z]*\.cmake"
    r"|rankineConfig\.cmake\.in|\.clang-(format|tidy))$")
TEMPLATES = "new_project"  # files of a user's project, who chooses the licence
LEFTOVER = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b")


def is_code(path):
    return (path.suffix in tree.CPP_SUFFIXES + (".py", ".sh", ".cmake", ".sbatch") or
            path.name in ("CMakeLists.txt", "run"))


def check_text(path, text):
    lines = text.split("\n")
    # Only a shebang, or the words that a compile error must have, may come before the licence.
    first = 1 if lines[0].startswith(("#!", "// expect: ")) and len(lines) > 1 else 0
    if path.parent.name != TEMPLATES and SPDX not in lines[first]:
        yield path, 1, f"the first line is not '{SPDX}'"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX:
            yield path, number, f"{len(line)} characters, at most {LINE_MAX}"
        if line.rstrip() != line:
            yield path, number, "blanks at the end of the line"
        match = LEFTOVER.search(line)
        if match:
            yield path, number, f"{match.group(0)}: finish it or open an issue"
    if text and not text.endswith("\n"):
        yield path, len(lines), "the last line does not end"


_NOT_A_FUNCTION = re.compile(
    r"^((public|private|protected)\s*:\s*)*(template\s*<.*>\s*)?(inline\s+)?"
    r"(namespace|class|struct|union|enum|extern|if|for|while|switch|catch|do|else|try|return)\b", re.DOTALL)


def long_functions(text):
    """(line, length) of C++ functions longer than the limit. Rough: by braces, not by grammar."""
    def without_text(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    code = re.sub(r"^[ \t]*#.*(\\\n.*)*", without_text, tree.blanked(text), flags=re.MULTILINE)
    depth, head_start, start = 0, 0, None  # start: (depth, line) of the function we are in
    for match in re.finditer(r"[{};]", code):
        mark, at = match.group(0), match.start()
        if mark == "{":
            head = code[head_start:at].strip()
            if start is None and "(" in head and not _NOT_A_FUNCTION.match(head):
                start = depth, code.count("\n", 0, at) + 1
            depth += 1
        elif mark == "}":
            depth -= 1
            initialiser = code[at + 1:at + 80].lstrip()[:1] in (",", "{")  # a member's braces
            if start and depth == start[0] and not initialiser:
                length = code.count("\n", 0, at) + 2 - start[1]
                if length > FUNCTION_LINES_MAX:
                    yield start[1], length
                start = None
        elif start and depth == start[0]:
            start = None
        head_start = match.end()


def check_script(path, text):
    """Python and shell scripts parse; Python functions keep the length limit."""
    if path.suffix == ".py":
        try:
            module = ast.parse(text)
        except SyntaxError as error:
            yield path, error.lineno, f"Python cannot parse it: {error.msg}"
            return
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX:
                yield path, node.lineno, f"a function of over {FUNCTION_LINES_MAX} lines"
    elif re.match(r"#!.*\bbash", text) or path.suffix == ".sh":
        parsed = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
        if parsed.returncode != 0:
            yield path, None, f"bash cannot parse it: {parsed.stderr.strip()}"


def check(root):
    for path in tree.source_files(root):
        if not is_code(path):
            continue
        if not FILE_NAME.match(path.name) and not FILE_NAMES_OF_TOOLS.match(path.name):
            yield path, None, "file names are snake_case"
        stands_in = path.parent.name == STAND_INS
        if path.suffix in tree.CPP_SUFFIXES and path.suffix not in CPP_SUFFIXES_ALLOWED and not stands_in:
            yield path, None, f"C++ files end in one of {', '.join(CPP_SUFFIXES_ALLOWED)}"
        text = path.read_text(errors="replace")
        yield from check_text(path, text)
        yield from check_script(path, text)
        if path.suffix in tree.CPP_SUFFIXES:
            for line, length in long_functions(text):
                yield path, line, f"a function of {length} lines, at most {FUNCTION_LINES_MAX}"


if __name__ == "__main__":
    tree.main(check, "conventions")
