#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rankine's first hour on a machine that has nothing: makes a clean Debian 12 in a folder (debootstrap,
# chroot), puts a fresh clone of this repository's last commit in, and does there what the documents say: the
# demo, the tutorial's programs as projects of their own, a project by `rankine new`. As root:
#   tools/clean_machine.sh [--test [CTEST-ARGUMENTS...] | --package FILE.deb]
# --test also runs tools/test.sh there, with what follows as its arguments. --package installs this Debian
# package there and builds nothing but what a user of it writes. RANKINE_CLEAN_DIR: where the
# system is unpacked (default: a temporary folder, removed at the end). RANKINE_CLEAN_BASE: a tarball of the
# bare system, made when it is not there and used again. RANKINE_CLEAN_CCACHE: a folder for the compiler's
# cache; without it everything is compiled.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(dirname "$here")

die() {
  echo "clean_machine.sh: $*" >&2
  exit 1
}

mode=clone
arguments=()
package=
case ${1:-} in
  "") ;;
  --test)
    mode=test
    shift
    arguments=("$@")
    ;;
  --package)
    mode=package
    package=${2:-}
    [ -r "$package" ] ||
      die "--package needs a Debian package that can be read, not '$package'; remedy: ninja -C build package"
    ;;
  -h | --help) sed -n '3,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
  *) die "there is no option '$1'; see --help" ;;
esac
[ "$(id -u)" = 0 ] || die "needs root (chroot, mount); run it with sudo"
for tool in debootstrap unshare git tar; do
  command -v $tool >/dev/null || die "needs $tool; remedy: apt-get install debootstrap util-linux git tar"
done

base=${RANKINE_CLEAN_BASE:-/var/tmp/rankine-debian12.tar}
folder=${RANKINE_CLEAN_DIR:-$(mktemp -d /var/tmp/rankine-clean.XXXXXX)}
[ -z "$(ls -A "$folder" 2>/dev/null)" ] ||
  die "$folder is not empty; name another folder in RANKINE_CLEAN_DIR"
inside=
remove() {
  [ -z "$inside" ] || { kill -KILL "$inside" && wait "$inside"; } 2>/dev/null || true
  [ -n "${RANKINE_CLEAN_DIR:-}" ] || rm -rf --one-file-system "$folder"
}
trap remove EXIT
trap 'exit 130' INT TERM HUP

if [ ! -e "$base" ]; then
  echo "== a bare Debian 12 (once: $base)"
  bare=$(mktemp -d /var/tmp/rankine-bare.XXXXXX)
  debootstrap --variant=minbase --include=ca-certificates,git bookworm "$bare" http://deb.debian.org/debian \
    >"$bare.log" 2>&1 || { tail -5 "$bare.log" >&2 && die "debootstrap failed; the whole of it: $bare.log"; }
  tar -C "$bare" --one-file-system -cf "$base.part" . && mv "$base.part" "$base"
  rm -rf --one-file-system "$bare" "$bare.log"
fi
mkdir -p "$folder" && chmod 755 "$folder"
tar -C "$folder" -xf "$base"
git clone -q --no-local "$root" "$folder/root/rankine"
cp "$here/clean_machine_inside.sh" "$folder/root/inside.sh"
[ -z "$package" ] || cp "$package" "$folder/root/rankine.deb"
cp /etc/resolv.conf "$folder/etc/resolv.conf"
mkdir -p "$folder/root/.cache/ccache"

# In name spaces of its own: what is mounted or still runs goes with the last command.
export folder
unshare --mount --pid --fork --kill-child bash -euc '
  mount --make-rprivate /
  mount -t proc proc "$folder/proc"
  mount --rbind /dev "$folder/dev"
  mount -t sysfs -o ro sysfs "$folder/sys"
  mount -t tmpfs tmpfs "$folder/dev/shm"
  mount -t tmpfs tmpfs "$folder/tmp"
  [ -z "${RANKINE_CLEAN_CCACHE:-}" ] || mount --bind "$RANKINE_CLEAN_CCACHE" "$folder/root/.cache/ccache"
  exec env -i HOME=/root TERM="${TERM:-dumb}" PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
    chroot "$folder" bash /root/inside.sh "$@"
' unshare "$mode" ${arguments[@]+"${arguments[@]}"} &
inside=$!
wait $inside
inside=
