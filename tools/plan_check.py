# SPDX-License-Identifier: Apache-2.0
"""The planner's choice beside what all meshes of 2 workers take: plan_check.py RANKINE_TRAIN [option ...].

Prints the plan, one line a mesh with what was measured (the best of two rounds), and how much slower the
plan's choice is than the measured best. Uses 3 ranks: the first hands out work.
"""
import json
import os
import subprocess
import sys
import tempfile

MESHES = [["--data-parallel", "2", "--zero", str(zero)] for zero in range(4)]
MESHES += [["--tensor-parallel", "2"], ["--tensor-parallel", "2", "--sequence-parallel"],
           ["--pipeline-parallel", "2"], ["--pipeline-parallel", "2", "--interleave", "2"]]


def run(program, options):
    """The JSON of the last line."""
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    with tempfile.TemporaryDirectory(prefix="plan_check") as folder:
        done = subprocess.run(
            ["mpirun", "-n", "3", "--oversubscribe", "--bind-to", "none", program, "--out", folder, *options],
            capture_output=True, text=True, env=environment, check=False, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"plan_check: {' '.join(options)}: {done.stderr.strip()[-500:]}")
    return done.stdout, json.loads(done.stdout.strip().split("\n")[-1])


def main():
    program, extra = sys.argv[1], sys.argv[2:]
    text, plan = run(program, ["--plan", *extra])
    print(text)
    rounds = [[run(program, ["--no-report", *extra, *mesh])[1] for mesh in MESHES] for _ in range(2)]
    measured = [(min(1 / said["tokens_per_second"] for said in both), mesh, both[0]["memory_mib"])
                for mesh, both in zip(MESHES, zip(*rounds))]
    best = min(measured)[0]
    for cost, mesh, memory in measured:
        print(f"{cost / best:6.3f} x the best, {memory:8.1f} MiB  {' '.join(mesh)}")
    chosen = plan["plan"]
    for cost, mesh, _ in measured:
        said = dict(zip(mesh[::2], mesh[1::2]))
        if all(int(said.get(f"--{name.replace('_', '-')}", default)) == chosen[name] for name, default in
               (("data_parallel", 1), ("tensor_parallel", 1), ("pipeline_parallel", 1), ("zero", 0),
                ("interleave", 1))):
            slower = 100 * (cost / best - 1)
            print(f"the plan's choice, {' '.join(mesh)}: {slower:.1f} % slower than the best")
            break


if __name__ == "__main__":
    main()
