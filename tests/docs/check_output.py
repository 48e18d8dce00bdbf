# SPDX-License-Identifier: Apache-2.0
"""check_output.py EXPECTED COMMAND...: runs the command; its standard output must be the file's text."""
import difflib
import pathlib
import subprocess
import sys

expected = pathlib.Path(sys.argv[1]).read_text()
done = subprocess.run(sys.argv[2:], capture_output=True, text=True, timeout=100)
if done.returncode != 0:
    sys.exit(f"exit code {done.returncode}\n{done.stdout}{done.stderr}")
if done.stdout != expected:
    sides = expected.splitlines(True), done.stdout.splitlines(True)
    sys.exit("".join(difflib.unified_diff(*sides, "the page", "the program")))
print("as the page says")
