#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a Spack package repository around this clone's package.py:
#   tools/spack_overlay.sh DIR                then: spack repo add DIR/spack_repo/rankine_overlay
#   tools/spack_overlay.sh DIR --externals    also DIR/packages.yaml: what Debian offers, as externals
# The recipes stay the only copies: the repository links to package.py, and to those in tools/spack of what
# Spack itself does not have. Writes only below DIR.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

die() {
  printf 'spack_overlay.sh: %s\n' "$*" >&2
  exit 1
}

[ $# -ge 1 ] && [ $# -le 2 ] && [ "${1#-}" = "$1" ] && [ -n "$1" ] ||
  die "give the folder for the repository: tools/spack_overlay.sh DIR [--externals]"
[ $# = 1 ] || [ "$2" = --externals ] || die "there is no option '$2'; --externals is the only one"

repository=$1/spack_repo/rankine_overlay
mkdir -p "$repository/packages/rankine" || die "the folder $repository cannot be made"
cat >"$repository/repo.yaml" <<EOF
repo:
  namespace: rankine_overlay
  api: v2.2
EOF
ln -sfn "$root/package.py" "$repository/packages/rankine/package.py"
for recipe in "$root"/tools/spack/*/package.py; do
  name=$(basename "$(dirname "$recipe")")
  mkdir -p "$repository/packages/$name"
  ln -sfn "$recipe" "$repository/packages/$name/package.py"
done

# external SPACK_NAME DEBIAN_PACKAGE [VARIANTS]: an entry for what dpkg has, with its upstream version.
external() {
  local version
  version=$(dpkg-query -W -f='${db:Status-Status} ${Version}' "$2" 2>/dev/null | sed -n 's/^installed //p')
  [ -n "$version" ] || return 0
  version=$(sed -E 's/^[0-9]+://; s/[-+~].*//; s/^([0-9]+\.[0-9]+\.[0-9]+)\..*/\1/' <<<"$version")
  printf '  %s:\n    buildable: false\n    externals:\n    - spec: "%s@%s%s"\n      prefix: /usr\n' \
    "$1" "$1" "$version" "${3:-}"
}

if [ "${2:-}" = --externals ]; then
  command -v dpkg-query >/dev/null || die "--externals asks dpkg what there is, and there is none"
  {
    echo "packages:"
    external openmpi libopenmpi-dev
    external boost libboost-mpi-dev "+mpi+serialization+context+random+math+system+thread cxxstd=17"
    external hdf5 libhdf5-dev "~mpi+threadsafe"
    external eigen libeigen3-dev
    external fmt libfmt-dev
    external nlohmann-json nlohmann-json3-dev
    external cli11 libcli11-dev
    external robin-map robin-map-dev
    external tomlplusplus libtomlplusplus-dev
    external box2d libbox2d-dev
    external zlib zlib1g-dev
    external catch2 catch2
    external benchmark libbenchmark-dev
    external cmake cmake
    external ninja ninja-build
    external python python3
  } >"$1/packages.yaml"
fi
echo "$repository"
