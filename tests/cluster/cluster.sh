#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real Slurm cluster of three virtual nodes (n1, n2, n3) on this machine:
#   cluster.sh check                   whether one can run here
#   cluster.sh up | down | status      start one, end it, say whether it is up
#   cluster.sh run COMMAND...          a command on its head node (sbatch, srun, sinfo, ...)
#   cluster.sh with COMMAND...         up, run, down; ends with the command's exit code
#   cluster.sh lose NODE               kills all on a node and cuts its network, as a power cut would
# It needs root and the packages below, which it installs itself on Debian and Ubuntu; where it cannot work
# it says why and ends with 77.
#
# The whole cluster lives in namespaces of its own (processes, mounts, network, host name): one process is its
# init, and with it everything ends: daemons, jobs, mounts, the bridge between the nodes and its addresses.
# The rest of the machine sees none of them. All files are in one folder: ${TMPDIR:-/tmp}/rankine-cluster, or
# RANKINE_CLUSTER_DIR. The nodes share the machine's file system; /dev/shm and /run are each node's own.
set -uo pipefail

packages=(slurm-wlm munge iproute2 libpmix2)
tools=(slurmctld slurmd sbatch munged mungekey ip unshare nsenter setpriv)
nodes=(1 2 3)
subnet=10.98.0  # inside the cluster's network namespaces only
cpus_a_node=4
start_s_max=60

self=$(readlink -f "${BASH_SOURCE[0]}")
export RANKINE_CLUSTER_DIR=${RANKINE_CLUSTER_DIR:-${TMPDIR:-/tmp}/rankine-cluster}
folder=$RANKINE_CLUSTER_DIR

say() { echo "cluster.sh: $*" >&2; }
fail() { say "$*"; exit 1; }
skip() { say "skipped: $*"; exit 77; }

usage() {
  say "unknown words '$*'; see the head of the file for what it knows"
  exit 2
}

missing_tools() {
  local tool
  for tool in "${tools[@]}"; do
    command -v "$tool" >/dev/null || echo "$tool"
  done
}

prepare() {
  [ "$(id -u)" = 0 ] || skip "a Slurm cluster in namespaces needs root"
  if [ -n "$(missing_tools)" ] && command -v apt-get >/dev/null; then
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
    say "installing ${packages[*]}"
    { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${packages[@]}"; } >&2
  fi
  local missing
  missing=$(missing_tools)
  [ -z "$missing" ] || skip "missing ${missing//$'\n'/ }; install ${packages[*]}"
  unshare --pid --fork --mount --net --uts --ipc --propagation private \
    sh -c 'mount -n -t tmpfs tmpfs /run && ip link add test type bridge' 2>/dev/null ||
    skip "this machine does not allow namespaces, mounts or bridges, even to root"
}

write_configuration() {
  mkdir -p "$folder"/{state,tmp} || return
  chmod 755 "$folder"
  mungekey --create --keyfile="$folder/munge.key" || return
  local node
  {
    echo "127.0.0.1 localhost"
    echo "$subnet.254 head"
    for node in "${nodes[@]}"; do echo "$subnet.$node n$node"; done
  } >"$folder/hosts"
  # Times are short: a lost node is noticed, and a requeued job started again, within seconds.
  cat >"$folder/slurm.conf" <<CONF
ClusterName=rankine
SlurmctldHost=head($subnet.254)
SlurmUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
MpiDefault=pmix
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=8
KillWait=5
MessageTimeout=20
SchedulerParameters=sched_interval=1,sched_min_interval=100000,batch_sched_delay=0,bf_interval=1
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/slurmctld.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdSpoolDir=$folder/spool-%n
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmdLogFile=$folder/slurmd-%n.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
CONF
  for node in "${nodes[@]}"; do
    echo "NodeName=n$node NodeAddr=$subnet.$node CPUs=$cpus_a_node RealMemory=4000"
  done >>"$folder/slurm.conf"
  echo "PartitionName=main Nodes=n[${nodes[0]}-${nodes[-1]}] Default=YES MaxTime=60" >>"$folder/slurm.conf"
  echo "PMIxCliTmpDirBase=/run/pmix" >"$folder/mpi.conf"
}

# The cluster's first process, process 1 of its namespace: makes the network, starts the daemons, and waits.
as_init() {
  set -e
  mount -n -t proc proc /proc  # -n: nothing is noted outside
  mount -n -t tmpfs tmpfs /run
  mkdir -p /run/pmix /run/munge
  mount -t tmpfs -o size=25% tmpfs /dev/shm
  mount --bind "$folder/hosts" /etc/hosts
  hostname head
  ip link set lo up
  ip link add nodes type bridge
  ip addr add "$subnet.254/24" dev nodes
  ip link set nodes up
  munged --force --key-file="$folder/munge.key" --log-file="$folder/munged.log" \
    --seed-file="$folder/munged.seed"
  export SLURM_CONF=$folder/slurm.conf
  slurmctld -D &
  local node
  for node in "${nodes[@]}"; do
    ip netns add "n$node"
    ip link add "v$node" type veth peer name eth0 netns "n$node"
    ip link set "v$node" master nodes up
    ip -n "n$node" addr add "$subnet.$node/24" dev eth0
    ip -n "n$node" link set eth0 up
    ip -n "n$node" link set lo up
    ip -n "n$node" route add default via "$subnet.254"
    # Not `ip netns exec`: it hides /sys/fs/cgroup, and slurmd refuses to start.
    nsenter --net="/run/netns/n$node" unshare --uts --mount --ipc --propagation private \
      bash "$self" as-node "n$node" &
  done
  set +e
  trap : CHLD  # orphans of jobs come here; bash reaps them
  while :; do wait; sleep 1 & done
}

as_node() {
  set -e
  hostname "$1"
  mount -t tmpfs -o size=25% tmpfs /dev/shm
  mount -t tmpfs tmpfs /run/pmix
  exec slurmd -D -N "$1"
}

# The process that holds the cluster: `unshare`, whose only child is the init. Its start time tells it from a
# later process of the same number; a zombie has none.
start_time() { sed 's/.*) //; /^Z/d' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

holder() {
  local pid started
  read -r pid started 2>/dev/null <"$folder/holder" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && echo "$pid"
}

enter() {
  local pid=$1 spaces
  shift
  spaces=(--pid="/proc/$pid/ns/pid_for_children" --mount="/proc/$pid/ns/mnt" --net="/proc/$pid/ns/net"
    --uts="/proc/$pid/ns/uts" --ipc="/proc/$pid/ns/ipc")
  # shellcheck disable=SC2016  # the inner shell expands them
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 TMPDIR=$folder/tmp SLURM_CONF=$folder/slurm.conf \
    nsenter "${spaces[@]}" \
    sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
}

up() {
  holder >/dev/null && fail "a cluster is up already in $folder; end it with cluster.sh down"
  prepare
  rm -rf "$folder"
  trap 'down; exit 130' INT TERM HUP
  write_configuration || { down; fail "cannot write its files to $folder"; }
  local bound=("$@") pid deadline idle
  "${bound[@]}" setsid unshare --pid --fork --kill-child --mount --net --uts --ipc --propagation private \
    bash "$self" as-init </dev/null >"$folder/log" 2>&1 &
  pid=$!
  disown
  echo "$pid $(start_time "$pid")" >"$folder/holder"
  deadline=$((SECONDS + start_s_max))
  until [ "${idle:-0}" = "${#nodes[@]}" ]; do
    if [ "$SECONDS" -ge "$deadline" ] || ! holder >/dev/null; then
      tail -n 20 "$folder"/*log >&2
      down
      fail "the cluster did not start within $start_s_max s; its logs are above"
    fi
    sleep 0.2
    idle=$(enter "$pid" sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | wc -l)
  done
  trap - INT TERM HUP
}

down() {
  local pid
  if pid=$(holder); then
    kill -9 "$pid"  # the kernel ends the init with it, and with that everything inside
    while holder >/dev/null; do sleep 0.05; done
    while grep -qsF " $folder/" /proc/self/mountinfo; do sleep 0.05; done
  fi
  rm -rf "$folder"
}

run_inside() {
  local pid
  pid=$(holder) || fail "no cluster is up in $folder; start one with cluster.sh up"
  enter "$pid" "$@"
}

with() {
  local place=${TMPDIR:-/tmp}
  folder=$(mktemp -d "$place/rankine-cluster.XXXXXX") || fail "cannot make a folder in $place"
  RANKINE_CLUSTER_DIR=$folder
  # Should this script be killed, the cluster goes too.
  up setpriv --pdeathsig KILL
  trap down EXIT
  trap 'exit 130' INT TERM HUP
  run_inside "$@" <&0 &  # waited for, so that a signal is heard at once
  wait $!
}

lose() {
  # shellcheck disable=SC2016  # the inner shell expands them
  run_inside bash -c '
    ip link set "v${0#n}" down && kill -9 $(ip netns pids "$0")' "$1"
}

case ${1:-} in
  check) [ $# = 1 ] || usage "$@"; prepare ;;
  up) [ $# = 1 ] || usage "$@"; up ;;
  down) [ $# = 1 ] || usage "$@"; down ;;
  status)
    holder >/dev/null || { echo "no cluster is up in $folder"; exit 1; }
    echo "a cluster is up in $folder"
    run_inside sinfo --Node --long
    ;;
  run) [ $# -ge 2 ] || usage "$@"; shift; run_inside "$@" ;;
  with) [ $# -ge 2 ] || usage "$@"; shift; with "$@" ;;
  lose) [ $# = 2 ] || usage "$@"; lose "$2" ;;
  as-init) as_init ;;
  as-node) as_node "$2" ;;
  *) usage "$@" ;;
esac
