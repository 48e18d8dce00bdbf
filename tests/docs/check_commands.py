# SPDX-License-Identifier: Apache-2.0
"""Runs the commands on the pages for users, in the order of each page, in a folder that has what the page
takes for granted: files of the named kinds, generated and small. Sizes are cut down, and mpirun may start
more ranks than there are cores; nothing else of a command is changed. What a page shows and this cannot run
must be in ELSEWHERE, with who runs it."""
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

import command_files

ROOT = sys.argv[1]
BUILD = sys.argv[2]
PAGES = ("README.md", "docs/*.md", "slurm/README.md", "bench/README.md")
SECONDS_MAX = 60

# What runs each of these instead; only said, not looked up.
ELSEWHERE = (
    (r"tools/demo\.sh( DATA)?", "tools/clean_machine.sh, apps_many_models"),
    (r"tools/test\.sh", ".ci/run"),
    (r"tools/build\.sh release installed", "tools/clean_machine.sh"),
    (r"cmake --install build --prefix .*", "install.consumer"),
    (r"mpirun .* \./first", "docs.tutorial_1"),
    (r"sbatch .*|slurm/launch\.sh .*", "cluster_batch_jobs, cluster_launch_script"),
    (r".*rankine-train .*--device cuda.*", "apps_train_gpus"),
    (r"tools/bench\.sh .*", "apps_bench, apps_bench_runner"),
)

# Sizes that a page states for the sake of its figures, and what is enough to see that the command is right.
SMALLER = (
    (r"--series (1000000|2000000)", "--series 200"),
    (r"^(\S*rankine-ppo|mpirun -n \d+ \S*rankine-ppo)(.*)", r"\1\2 --evaluate 2"),
    (r"--steps 500000", "--steps 4096"),
    (r"(--env LunarLander-v3 --preset sb3-zoo)", r"\1 --steps 20000"),
    (r"(--env Acrobot-v1 --placement central)", r"\1 --steps 8192"),
    (r"rankine-selfplay --seed 1", "rankine-selfplay --seed 1 --steps 24576 --checkpoints 2 --games 10"),
    (r"^rankine-sweep$", "rankine-sweep --examples 200 --trials 8 --steps 9"),
    (r"--examples 6000 --trials 200", "--examples 100 --trials 8"),
    (r"^(rankine-sweep --command .*) --steps 27", r"\1 --steps 3 --trials 6"),
    (r"^((\S*|mpirun -n \d+ \S*)rankine-train --(text|tokens|import) .*)",
     r"\1 --iters 4 --evaluation-batches 1"),
    (r"^(\S*rankine-train --dataset \S+( --model cnn)?)", r"\1 --epochs 1 --batch 20"),
    (r"--sample 500", "--sample 20"),
    (r"--array 1-1000", "--array 1-6"),
    (r"-n 33", "-n 3"),
)

PROGRAM = re.compile(r"(\$ )?((build/bin/)?rankine[a-z-]*|mpirun|tools/\S+|cmake|ctest|sbatch|slurm/\S+|"
                     r"python3?|spack)( |$)")


def commands_of(page):
    """(line, command) of each indented line of the page that begins with a program's name."""
    with open(page) as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines, 1):
        text = line[4:] if line.startswith("    ") else ""
        text = re.sub(r"\s{2,}#.*$", "", text).strip()
        if not line.startswith("     ") and PROGRAM.match(text) and not text.startswith("rankine: "):
            yield number, text.removeprefix("$ ")


def runnable(command):
    for pattern, words in SMALLER:
        command = re.sub(pattern, words, command)
    if "--oversubscribe" not in command:
        command = re.sub(r"^mpirun ", "mpirun --oversubscribe --bind-to none ", command)
    return command


def run(command, folder):
    """Its exit code and what it printed."""
    env = dict(os.environ, PATH=f"{folder}/programs:{BUILD}/bin:{os.environ['PATH']}",
               OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    try:
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=SECONDS_MAX, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        return None, (error.stdout or b"").decode(errors="replace")


def good(command, code):
    return code == 0 or (code == 3 and command == "rankine doctor")  # it may find something here


def who_else_runs(said):
    return next((who for words, who in ELSEWHERE if re.fullmatch(words, said)), None)


def check(page):
    """How many commands the page has, and how many of them failed."""
    commands = [(number, said, who_else_runs(said)) for number, said in commands_of(page)]
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        here = any(who is None for _, _, who in commands)
        folder = command_files.make(scratch, ROOT, BUILD) if here else None
        for number, said, who in commands:
            print(f"{os.path.relpath(page, ROOT)}:{number}: {said}")
            if who is not None:
                print(f"    run by {who}")
                continue
            command = runnable(said)
            start = time.monotonic()
            code, output = run(command, folder)
            print(f"    {time.monotonic() - start:.1f} s: {command}", flush=True)
            if not good(command, code):
                failed += 1
                end = "no end" if code is None else f"exit code {code}"
                print(f"    FAILED: {end}\n{output[-3000:]}")
    return len(commands), failed


def main():
    pages = [page for pattern in PAGES for page in sorted(glob.glob(os.path.join(ROOT, pattern)))]
    seen, failed = map(sum, zip(*map(check, pages)))
    print(f"{seen} commands on the pages, {failed} failed")
    return 1 if failed or seen < 40 else 0


sys.exit(main())
