#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Looks for inputs that break what parses bytes from elsewhere: each libFuzzer target of tests/fuzz for
# SECONDS (60), from the corpus on. Arguments: [SECONDS] [TARGET...]. A finding is kept below
# build-fuzz/findings; exit code 1 then. Needs clang-16 and libclang-rt-16-dev; every other build replays the
# corpus in its tests.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || {
  echo "fuzz.sh: \"$seconds\" is no number of seconds; use: tools/fuzz.sh [SECONDS] [TARGET...]" >&2
  exit 2
}
shift || true
command -v clang++-16 >/dev/null || {
  echo "fuzz.sh: there is no clang++-16; on Debian: apt-get install clang-16 libclang-rt-16-dev" >&2
  exit 2
}
targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || mapfile -t targets < <(sed -n 's/^rankine_add_fuzz(\([a-z0-9_]*\) .*/\1/p' \
  tests/fuzz/CMakeLists.txt)
cmake --preset fuzz >/dev/null && cmake --build build-fuzz --target "${targets[@]/#/fuzz_}" >&2 || exit 2

failed=0
printf '%-12s %12s %10s %9s  %s\n' target executions per_second coverage outcome
for target in "${targets[@]}"; do
  corpus=build-fuzz/corpus/$target
  findings=build-fuzz/findings/$target
  log=build-fuzz/$target.log
  mkdir -p "$corpus" "$findings"
  # Leaks are looked for at the end of each input only where one is suspected: HDF5 keeps what it allocates.
  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0 "build-fuzz/fuzz/fuzz_$target" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$findings/" "$corpus" "tests/fuzz/corpus/$target" >"$log" 2>&1
  outcome=$([[ $? -eq 0 ]] && echo "nothing found" || echo "FINDING, see $log and $findings")
  [[ $outcome == nothing* ]] || failed=1
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -1)
  printf '%-12s %12s %10s %9s  %s\n' "$target" "${executions:-?}" "${rate:-?}" "${coverage#cov: }" "$outcome"
done
exit "$failed"
