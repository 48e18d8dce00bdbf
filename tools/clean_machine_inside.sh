#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The part of clean_machine.sh that runs in the clean system: what a user would type, and whether it came out.
set -Eeuo pipefail
mode=$1
shift
cd /root/rankine

# step WORDS: what follows is part of it. A failing command ends the script after naming the step.
step() {
  words=$1
  echo "== $words ($(date +%T))"
}
trap 'echo "clean_machine.sh: failed at: $words" >&2' ERR

# prints WANTED FILE: the file has a line with it.
prints() {
  grep -q -- "$1" "$2" || { cat "$2" >&2 && echo "no '$1' in $2" >&2 && return 1; }
}

from_the_clone() {
  step "the demo, from nothing"
  tools/demo.sh | tee /root/demo.log
  prints '"series": *2000' /root/demo.log

  step "the demo once more"
  tools/demo.sh >/root/demo2.log
  prints '"series": *2000' /root/demo2.log

  step "an install"
  tools/build.sh release installed >/root/build.log
  cmake --install build --prefix /root/installed >/root/install.log
  export PATH=/root/installed/bin:$PATH CMAKE_PREFIX_PATH=/root/installed
}

from_the_package() {
  step "the Debian package"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update >/root/apt.log
  apt-get install -y /root/rankine.deb python3 >>/root/apt.log
}

case $mode in
  package) from_the_package ;;
  *) from_the_clone ;;
esac

step "the command rankine"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
rankine --help >/dev/null
rankine doctor || [ $? = 3 ]  # it may find something to say of this machine

step "the tutorial's programs, as a project of their own"
programs=$(python3 -B tests/docs/extract.py docs/tutorial.md /root/tutorial)
for program in ${programs//;/ }; do
  mkdir -p "/root/projects/$program"
  cp "/root/tutorial/$program.cpp" "/root/projects/$program/first.cpp"
  sed -n '/^    # CMakeLists.txt/,/^$/s/^    //p' docs/tutorial.md >"/root/projects/$program/CMakeLists.txt"
  cmake -S "/root/projects/$program" -B "/root/projects/$program/build" \
    -DCMAKE_BUILD_TYPE=Release >/root/tutorial.log
  cmake --build "/root/projects/$program/build" >>/root/tutorial.log
  python3 -B tests/docs/check_output.py "/root/tutorial/$program.txt" \
    mpirun -n 3 --oversubscribe --bind-to none "/root/projects/$program/build/first"
done

step "rankine new"
cd /root/projects
rankine new pie
cd pie
cmake -S . -B build >/root/new.log
cmake --build build >>/root/new.log
rankine run build/pie >/root/pie.log
cat /root/pie.log
[ -s /root/pie.log ]

if [ "$mode" = test ]; then
  step "the tests"
  cd /root/rankine
  tools/test.sh "$@"
fi
words="the end"
echo "== all as promised ($(date +%T))"
