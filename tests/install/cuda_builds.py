# SPDX-License-Identifier: Apache-2.0
"""cuda_builds.py ROOT FOLDER CXX: what is for GPUs compiles and links where nvcc and NCCL are; else exit 77.

No GPU is needed, nothing is run. The release build itself has CUDA only where -DRANKINE_CUDA=ON says so.
"""
import os
import pathlib
import shutil
import subprocess
import sys

TARGETS = ["unit.nn_cuda", "rankine_train_nccl", "rankine_api"]


def main(root, folder, compiler):
    if not shutil.which("nvcc") and not os.path.exists("/usr/local/cuda/bin/nvcc"):
        print("skipped: there is no nvcc")
        return 77
    configured = subprocess.run(
        ["cmake", "-G", "Ninja", "-S", root, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", "-DRANKINE_CUDA=ON",
         "-DRANKINE_BUILD_APPS=OFF", "-DRANKINE_BUILD_BENCH=OFF", f"-DCMAKE_CXX_COMPILER={compiler}"],
        capture_output=True, text=True)
    if configured.returncode != 0:
        if "nccl.h or libnccl was not found" in configured.stderr:
            print("skipped: there is no NCCL")
            return 77
        print(configured.stdout + configured.stderr)
        return 1
    built = subprocess.run(["ninja", "-C", folder, "-j2", *TARGETS], capture_output=True, text=True)
    if built.returncode != 0:
        print(built.stdout[-6000:])
        return 1
    program = pathlib.Path(folder) / "tests/unit.nn_cuda"
    print(f"built {', '.join(TARGETS)}")
    return 0 if program.exists() else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
