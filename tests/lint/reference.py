# SPDX-License-Identifier: Apache-2.0
"""reference.py ROOT: doxygen makes the API reference of include/ without a warning; skipped without it."""
import pathlib
import shutil
import subprocess
import sys
import tempfile


def main(root):
    if shutil.which("doxygen") is None:
        print("skipped: there is no doxygen (Debian: apt-get install doxygen)")
        return 77
    settings = (root / "docs/Doxyfile").read_text()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["doxygen", "-"], input=f"{settings}\nOUTPUT_DIRECTORY = {folder}\n",
                              cwd=root, capture_output=True, text=True, timeout=200)
        pages = list(pathlib.Path(folder).rglob("structrankine_1_1Options.html"))
    print(done.stderr, end="")
    if done.returncode != 0 or not pages:
        print(f"doxygen ended with {done.returncode} and {len(pages)} pages of rankine::Options")
        return 1
    return 1 if done.stderr else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
