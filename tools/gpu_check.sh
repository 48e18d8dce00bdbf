#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What to run first on a machine with a GPU: builds with CUDA and compares models and loops there with the
# CPU's. No arguments. Needs nvcc, cuBLAS and NCCL; fails where no device is seen.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build-cuda}
cmake --preset release -B "$build" -DRANKINE_CUDA=ON -DRANKINE_BUILD_BENCH=OFF
ninja -C "$build" unit.nn_cuda unit.nn_cuda_emulated unit.train.nccl rankine-train
echo "== kernels' logic, run on the host =="
"$build/tests/unit.nn_cuda_emulated"
echo "== the same models and loops on the GPU =="
said=$("$build/tests/unit.nn_cuda" -d yes | tee /dev/stderr)
if grep -q "no CUDA device here" <<< "$said"; then
  echo "gpu_check: no CUDA device is seen: nothing was run on a GPU" >&2
  exit 1
fi
echo "== NCCL is linked =="
"$build/tests/unit.train.nccl"
echo "== nanoGPT's configuration for a CPU, on a GPU: 200 steps in each precision =="
for precision in float32 bf16; do
  "$build/bin/rankine-train" --device cuda --precision "$precision" --iters 200 --no-report --out "$build/gpu"
done
