#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes sure that what Rankine is built with is there; tools/demo.sh, tools/test.sh and tools/build.sh
# source it. On Debian and Ubuntu it installs missing packages when it may; elsewhere (modules, Spack) it
# asks CMake whether all can be found. It never asks a question, and touches neither the network nor apt
# when nothing is missing.

rankine_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
rankine_packages=(
  libopenmpi-dev openmpi-bin libboost-mpi-dev libboost-serialization-dev libboost-context-dev libhdf5-dev
  libbox2d-dev libeigen3-dev catch2 libbenchmark-dev libcli11-dev libfmt-dev nlohmann-json3-dev robin-map-dev
  libtomlplusplus-dev zlib1g-dev cmake ninja-build make g++ ccache pkg-config python3 python3-h5py
)
rankine_gcc_min=12

# die SENTENCE: says what is wrong and ends the calling script.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# cpus_granted: how many CPUs this process may use: the affinity mask, and a cgroup's quota rounded up.
cpus_granted() {
  local cpus quota period
  cpus=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)  # nproc would heed these two
  if read -r quota period 2>/dev/null </sys/fs/cgroup/cpu.max && [ "$quota" != max ]; then
    quota=$(((quota + period - 1) / period))
    [ "$quota" -lt "$cpus" ] && cpus=$quota
  fi
  echo "$cpus"
}

# missing_packages: the names of the packages that dpkg does not have, one a line.
missing_packages() {
  local have
  have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${rankine_packages[@]}" 2>/dev/null |
    sed -n 's/^installed //p')
  comm -23 <(printf '%s\n' "${rankine_packages[@]}" | sort -u) <(sort -u <<<"$have")
}

# as_root COMMAND...: runs it as root, without ever asking for a password; false where that is impossible.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null && sudo -n "$@" 2>/dev/null
  fi
}

# install_packages NAME...: apt's own words go to standard error, so that a caller's output stays its own.
install_packages() {
  as_root true || return 1
  echo "Installing: $*" >&2
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
  as_root "${apt[@]}" update >&2 || true  # one broken source is no reason to stop: the install decides
  as_root "${apt[@]}" install --no-install-recommends "$@" >&2
}

# choose_compiler: exports CXX when the default compiler is older than C++20 needs and a newer g++ is there.
choose_compiler() {
  local candidate version
  [ -n "${CXX:-}" ] && return 0
  for candidate in c++ g++ g++-15 g++-14 g++-13 g++-12; do
    version=$("$candidate" -dumpversion 2>/dev/null) || continue
    if "$candidate" --version | grep -qi clang || [ "${version%%.*}" -ge "$rankine_gcc_min" ]; then
      [ "$candidate" = c++ ] || export CXX=$candidate
      return 0
    fi
  done
  return 1
}

# missing_for_cmake: the names, one a line, of what neither the PATH nor CMake's find_package can see.
missing_for_cmake() {
  local tool scratch absent=()
  for tool in cmake ninja mpirun python3; do
    command -v "$tool" >/dev/null || absent+=("$tool")
  done
  choose_compiler || absent+=("gcc>=$rankine_gcc_min")
  if command -v cmake >/dev/null && command -v ninja >/dev/null && choose_compiler; then
    scratch=$(mktemp -d)
    cmake -G Ninja -S "$rankine_root/tools/probe" -B "$scratch" >"$scratch/log" 2>&1 ||
      sed -n 's/.*rankine-probe-missing: //p' "$scratch/log" >"$scratch/missing"
    if [ -e "$scratch/missing" ]; then
      mapfile -t -O "${#absent[@]}" absent <"$scratch/missing"
      [ -s "$scratch/missing" ] || absent+=("a working C++ compiler")
    fi
    rm -rf "$scratch"
  fi
  [ "${#absent[@]}" = 0 ] || printf '%s\n' "${absent[@]}"
}

rankine_setup() {
  local missing
  if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    missing=$(missing_packages)
    [ -n "$missing" ] || choose_compiler || missing=g++-$rankine_gcc_min
    if [ -n "$missing" ]; then
      # shellcheck disable=SC2086  # one package a word
      install_packages $missing || echo "These packages could not be installed:" $missing >&2
      missing=$(missing_packages)
    fi
    [ -n "$missing" ] || { choose_compiler && return 0; }
  elif [ -e "$rankine_root/build/CMakeCache.txt" ]; then
    choose_compiler && return 0  # CMake has found everything before; were it gone, CMake would say so
  fi
  missing=$(missing_for_cmake)
  [ -z "$missing" ] || die "$(tr '\n' ' ' <<<"$missing")cannot be found; have an administrator install" \
    "'${rankine_packages[*]}', or load your cluster's modules for a C++20 compiler, Open MPI, Boost with" \
    "MPI, HDF5, CMake and Ninja, or use Spack: spack load openmpi boost+mpi+serialization+context hdf5" \
    "eigen fmt nlohmann-json cli11 tomlplusplus catch2 benchmark cmake ninja python"
}

rankine_setup
