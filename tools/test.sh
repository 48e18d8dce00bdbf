#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs every test: those of the release build, and the tests that need no mpirun once more under
# the address and undefined behaviour sanitizers, those of them that start threads also under the thread
# sanitizer. Ends with ctest's own summary. Arguments go to ctest (-R name, -L label).
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=tools/setup.sh
source "$here/setup.sh"
cd "$rankine_root" || exit 1

# step WORDS COMMAND...: runs the command; where it fails, says which step it was and how to run it again.
step() {
  local words=$1
  shift
  echo "== $words" >&2
  "$@" || die "the step '$words' failed; run it again with: (cd $rankine_root && $*)"
}

# Some tests look at the report in a real browser; without one they are skipped and say so.
[ -n "$(command -v chromium chromium-browser google-chrome)" ] || ! command -v apt-get >/dev/null ||
  install_packages chromium || true

step "release build" bash tools/build.sh release
step "address and undefined behaviour sanitizers" bash tools/build.sh asan
step "thread sanitizer" bash tools/build.sh tsan
step "list of tests" \
  python3 -B tools/sanitized_tests.py gather build/all_tests build asan=build-asan tsan=build-tsan
step "tests" \
  ctest --test-dir build/all_tests --output-on-failure --no-tests=error --parallel "$(cpus_granted)" "$@"
