#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the benches and runs every one of them, one after another, beside raw MPI:
#   tools/bench.sh [--quick] [--compare OLD.json]
#   tools/bench.sh --compare OLD.json --with NEW.json
# --quick: shorter repetitions and fewer rows at 4 and 8 ranks: under 3 minutes instead of under 15.
# --compare: afterwards also the ratio of each row to an earlier file's; with --with, of two files without
# running anything.
# Leaves build/bench.json (machine, commit, rows), build/bench/ (what each program printed, pictures) and
# prints a table; progress is on standard error. Exit code 1 when a bench failed: it is named, and the others
# still run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

# wrong SENTENCE: what is wrong with the command line.
wrong() {
  echo "bench.sh: $*; see tools/bench.sh --help" >&2
  exit 2
}

quick=()
old=
new=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=(--quick) ;;
    --compare | --with)
      [ $# -gt 1 ] || wrong "$1 needs a file"
      [ -r "$2" ] || wrong "the file '$2' cannot be read"
      file=$(realpath "$2")
      if [ "$1" = --compare ]; then old=$file; else new=$file; fi
      shift
      ;;
    --help | -h)
      sed -n '3,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *) wrong "there is no option '$1'" ;;
  esac
  shift
done
[ -z "$new" ] || [ -n "$old" ] || wrong "--with needs --compare"
if [ -n "$new" ]; then
  exec python3 -B "$here/bench/compare.py" "$old" "$new"
fi
if [ -n "$old" ]; then
  python3 -B "$here/bench/compare.py" --check "$old" || exit 2  # before the minutes that the benches take
fi

# shellcheck source=tools/setup.sh
source "$here/setup.sh"
cd "$rankine_root"
bash tools/build.sh release bench/all

# drawing_python: a Python that has matplotlib; apt's has it where another one comes first on the PATH.
drawing_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import matplotlib' 2>/dev/null; then
      echo "$python"
      return 0
    fi
  done
  return 1
}
if ! python=$(drawing_python); then
  command -v apt-get >/dev/null && install_packages python3-matplotlib || true
  if ! python=$(drawing_python); then
    python=python3
    echo "bench.sh: no pictures, because python3-matplotlib cannot be installed" >&2
  fi
fi
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
exec "$python" -B tools/bench/run.py "${quick[@]}" ${old:+--compare "$old"}
