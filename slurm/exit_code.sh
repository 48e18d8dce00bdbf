#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit_code.sh RUN: says on standard error how the run in directory RUN ended and exits with its code. For
# launch scripts: mpirun --enable-recovery returns 0 whatever happened. Remove RUN/status before the start.
# Exit 1 also means: no status was left, or the run had not ended. src/runtime/run_status.hpp says what the
# file holds.
[ $# -eq 1 ] || { echo "exit_code.sh: give it the run directory" >&2; exit 2; }
status=$1/status
if [ ! -r "$status" ]; then
  echo "rankine: $status is not there: the run failed before it began" >&2
  exit 1
fi
value() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$status"; }
state=$(value state)
code=$(value code)
case $state in
  finished | failed | drained | interrupted) ;;
  *)
    echo "rankine: $status says \"$state\": the run was killed before it ended" >&2
    exit 1
    ;;
esac
case $code in
  '' | *[!0-9]*)
    echo "rankine: $status has no exit code" >&2
    exit 1
    ;;
esac
echo "rankine: $state with code $code after $(value seconds) s, $(value ranks_lost) ranks lost," \
  "$(value tasks_left) tasks left" >&2
exit "$code"
