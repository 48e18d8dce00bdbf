#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs an MPI program with ranks on virtual hosts (network namespaces joined by a bridge) of this machine, two
# of them where nothing else is said:
#   two_hosts.sh [-h HOSTS] [-n RANKS_A_HOST] bare|ucx|tcp PROGRAM [ARGUMENTS]
# bare: as Debian's Open MPI comes. ucx: the variables that make windows between hosts work over UCX.
# tcp: plain TCP without UCX, where MPI makes no window between hosts.
# UCX finds out that the hosts are one machine and copies through its memory: UCX_TLS=tcp,self keeps it to
# TCP.
# It leaves nothing behind, also on failure. Exit code: the program's; 77 (skipped) without root or iproute2.
set -u

usage() {
  echo "usage: two_hosts.sh [-h HOSTS] [-n RANKS_A_HOST] bare|ucx|tcp PROGRAM [ARGUMENTS]" >&2
  exit 2
}
hosts=2
ranks_a_host=1
if [ "${1:-}" = "-h" ]; then hosts=$2; shift 2; fi
if [ "${1:-}" = "-n" ]; then ranks_a_host=$2; shift 2; fi
[ $# -ge 2 ] || usage
case $1 in
  bare) variables=() ;;
  ucx) variables=(-x OMPI_MCA_pml=ucx -x OMPI_MCA_osc=ucx,sm -x OMPI_MCA_pml_ucx_tls=any
    -x OMPI_MCA_pml_ucx_devices=any -x OMPI_MCA_osc_ucx_tls=any) ;;
  tcp) variables=(--mca pml ob1 --mca btl tcp,vader,self) ;;
  *) usage ;;
esac
shift

skip() {
  echo "two_hosts.sh: skipped, $1"
  exit 77
}
[ "$(id -u)" = 0 ] || skip "network namespaces need root"
for tool in ip nsenter mpirun; do
  command -v "$tool" > /dev/null || skip "no $tool (iproute2, util-linux, openmpi-bin)"
done

# Names of this run alone, so that several runs do not meet. Interface names have 15 characters at most.
tag=$(printf '%05x' $(( $$ % 1048576 )))
subnet="10.$(( 100 + $$ / 256 % 100 )).$(( $$ % 256 ))"
bridge="rkb$tag"
work=$(mktemp -d "${TMPDIR:-/tmp}/rankine-hosts.XXXXXX")

tear_down() {
  for i in $(seq "$hosts"); do
    ip netns pids "rk$tag-$i" 2> /dev/null | xargs -r kill -9 2> /dev/null
    ip netns del "rk$tag-$i" 2> /dev/null
    ip link del "rkv$tag$i" 2> /dev/null
  done
  ip link del "$bridge" 2> /dev/null
  rm -rf "$work"
}
trap tear_down EXIT
trap 'exit 130' INT TERM

set_up() {
  ip link add "$bridge" type bridge &&
    ip addr add "$subnet.254/24" dev "$bridge" &&
    ip link set "$bridge" up || return
  for i in $(seq "$hosts"); do
    local host="rk$tag-$i"
    ip netns add "$host" &&
      ip link add "rkv$tag$i" type veth peer name eth0 netns "$host" &&
      ip link set "rkv$tag$i" master "$bridge" up &&
      ip -n "$host" addr add "$subnet.$i/24" dev eth0 &&
      ip -n "$host" link set eth0 up && ip -n "$host" link set lo up &&
      ip -n "$host" route add default via "$subnet.254" || return
    echo "$subnet.$i slots=$ranks_a_host" >> "$work/hosts"
  done
}
set_up || skip "this machine allows no network namespaces or bridges"

# What mpirun uses instead of ssh: the first argument is the host's address, the rest a command line. The UTS
# namespace gives each host its name, by which Open MPI tells nodes apart.
cat > "$work/enter" << AGENT
#!/bin/bash
i=\${1##*.}
shift
exec nsenter --net=/run/netns/rk$tag-\$i unshare --uts bash -c 'hostname "\$0"; eval "\$1"' "rk$tag-\$i" "\$*"
AGENT
chmod +x "$work/enter"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpirun --mca plm_rsh_agent "$work/enter" --mca plm rsh --hostfile "$work/hosts" \
  --mca oob_tcp_if_include "$subnet.0/24" -n $(( hosts * ranks_a_host )) --oversubscribe --bind-to none \
  "${variables[@]}" "$@"
exit $?
