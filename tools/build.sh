#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds one preset of CMakePresets.json: tools/build.sh [release|debug|asan|tsan] [targets...]
# release lies in build/ (programs in build/bin), the others in build-debug/, build-asan/ and build-tsan/.
# Without targets everything is built; of the sanitizer builds, the test programs that need no mpirun.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=tools/setup.sh
source "$here/setup.sh"

preset=${1:-release}
shift || true
case $preset in
  release) folder=build ;;
  debug | asan | tsan) folder=build-$preset ;;
  *) die "there is no build '$preset'; give one of release, debug, asan, tsan." ;;
esac

# A C++ compiler with Boost and Eigen in hand takes up to 2 GB: no more jobs than the granted memory feeds.
jobs_that_fit() {
  local cpus kib limit
  cpus=$(cpus_granted)
  kib=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
  if read -r limit 2>/dev/null </sys/fs/cgroup/memory.max && [ "$limit" != max ]; then
    [ $((limit / 1024)) -lt "$kib" ] && kib=$((limit / 1024))
  fi
  local jobs=$((kib / (2 * 1024 * 1024)))
  [ "$jobs" -gt "$cpus" ] && jobs=$cpus
  [ "$jobs" -ge 1 ] || jobs=1
  echo "$jobs"
}

cd "$rankine_root"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" >"$log" 2>&1; then
  cat "$log" >&2
  die "configuring failed; if $folder/ was made with other settings, remove it and run again."
fi
targets=("$@")
if [ $# = 0 ] && [[ $preset = ?san ]]; then
  mapfile -t targets < <(python3 -B tools/sanitized_tests.py programs "$folder")
  [ "${#targets[@]}" -gt 0 ] || die "no test of $folder/ is marked as needing no mpirun."
fi
cmake --build "$folder" --parallel "$(jobs_that_fit)" ${targets[0]+--target "${targets[@]}"} >&2 ||
  die "building failed; see above, or run again: cmake --build $rankine_root/$folder"
