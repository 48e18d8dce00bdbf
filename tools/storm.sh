#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The kill storm: a job of five ranks loses one to three of its workers at random instants, once for each
# seed, and must end with the results of the undisturbed run every time. CI runs a few seeds of it.
#   tools/storm.sh [--seeds 100] [--first 1] [--transport auto|rma|p2p]
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=tools/setup.sh
source "$here/setup.sh"
cd "$rankine_root" || exit 1
[[ -x build/tests/fault_storm ]] || die "build/tests/fault_storm is missing. Remedy: tools/build.sh"
(($# > 0)) || set -- --seeds 100
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PYTHONPATH=tests/mpi/runs RANKINE_TEST_BUILD=$rankine_root/build
exec python3 -B tests/fault/storm.py "$@"
