#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds rankine-many-models and runs it on the CPUs this machine grants:
#   tools/demo.sh                       2,000 generated series
#   tools/demo.sh DATA [options...]     M3 or M4 files, a long CSV (id,time,value) or HDF5
#   tools/demo.sh [options...]          any options of the program (--help lists them)
# Rank 0 schedules and sleeps, so there is one rank more than CPUs. Writes only below build/ and the run
# directory.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

arguments=()
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
  arguments+=(--data "$1")
  shift
fi
arguments+=("$@")

# value_of OPTION: prints what the user gave as `--option value` or `--option=value`; false if nothing.
value_of() {
  local i
  for i in "${!arguments[@]}"; do
    case ${arguments[$i]} in
      "$1") echo "${arguments[$((i + 1))]:-}" && return 0 ;;
      "$1"=*) echo "${arguments[$i]#*=}" && return 0 ;;
    esac
  done
  return 1
}

bash "$here/build.sh" release rankine-many-models
# shellcheck source=tools/setup.sh
source "$here/setup.sh"
program=$rankine_root/build/bin/rankine-many-models

if value_of --help >/dev/null || value_of -h >/dev/null; then
  sed -n '3,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exec "$program" --help
fi
value_of --data >/dev/null || value_of --series >/dev/null || arguments+=(--series 2000)
if ! run_directory=$(value_of --out); then
  run_directory=$rankine_root/run/demo-$(date +%Y%m%d-%H%M%S)-$$
  arguments+=(--out "$run_directory")
fi

if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# In a session of its own: Ctrl-C would reach mpirun beside the TERM below, and two signals make it leave
# without cleaning up. This script hands every signal on once, so `kill` and `timeout` end the ranks as well.
setsid mpirun -n $(($(cpus_granted) + 1)) --oversubscribe --bind-to none "$program" "${arguments[@]}" &
launcher=$!
interrupted=0
trap 'interrupted=130; kill -TERM $launcher 2>/dev/null || true' INT
trap 'interrupted=143; kill -TERM $launcher 2>/dev/null || true' TERM HUP
status=0
wait $launcher || status=$?
while kill -0 $launcher 2>/dev/null; do  # wait returns early when a trap ran
  status=0
  wait $launcher || status=$?
done
[ $interrupted = 0 ] || exit $interrupted

# On standard error: the last line of standard output is the program's JSON.
if [ -d "$run_directory" ]; then
  echo "Results, forecasts and metrics: $run_directory" >&2
fi
exit $status
