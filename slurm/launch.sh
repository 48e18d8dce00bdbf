#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts a program of Rankine over the nodes of a Slurm job, or on this machine, and ends with the run's own
# exit code:
#   launch.sh [OPTIONS] PROGRAM [ARGUMENTS]
#     --local N         N ranks on this machine, without Slurm
#     --run DIR         what the run leaves, and what a later one resumes from; default run/PROGRAM, under
#                       Slurm run/PROGRAM-JOBID in the folder the job was submitted from
#     --requeue         a run that stopped before the wall time with work left is started again: by
#                       `scontrol requeue` under Slurm, at once with --local
#     --launcher NAME   mpirun (default) or srun; with srun the death of one rank ends the job
#     --site FILE       settings of your site; default site.conf beside this script
#     --dry-run         prints the command and does nothing
# PROGRAM is a path, or a name in build/bin beside this folder or on the PATH.
#
# SIGUSR1 (sbatch --signal=B:USR1@SECONDS), SIGTERM and Ctrl-C make the run stop in good order; a second
# SIGTERM or Ctrl-C ends it at once.
set -uo pipefail
{ : <&0; } 2>/dev/null || exec </dev/null  # it may be closed

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ranks='' run='' requeue=no launcher=mpirun site=$here/site.conf dry_run=no
end_grace_s=5  # for the last output, once the run says that it is over; the site file may change it

die() { echo "launch.sh: $*" >&2; exit 2; }
say() { echo "launch.sh: $*" >&2; }

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --local | --run | --launcher | --site)
        [ -n "${2:-}" ] || die "$1 needs a value, see the head of $here/launch.sh"
        case $1 in
          --local) ranks=$2 ;;
          --run) run=$2 ;;
          --launcher) launcher=$2 ;;
          --site) site=$2 ;;
        esac
        shift 2
        ;;
      --requeue) requeue=yes; shift ;;
      --dry-run) dry_run=yes; shift ;;
      --) shift; break ;;
      -*) die "unknown option $1; options of the program come after its name" ;;
      *) break ;;
    esac
  done
  [ $# -gt 0 ] || die "which program? launch.sh [OPTIONS] PROGRAM [ARGUMENTS]"
  [[ $ranks =~ ^([1-9][0-9]*)?$ ]] || die "--local $ranks: give a number of ranks, at least 1"
  case $launcher in
    mpirun | srun) ;;
    *) die "--launcher $launcher: it is mpirun or srun" ;;
  esac
  [ -z "$ranks" ] || [ "$launcher" = mpirun ] || die "--launcher srun needs a Slurm job: leave --local out"
  program=$1
  arguments=("${@:2}")
}

find_program() {
  local name=$program
  if [[ $name != */* ]]; then
    program=$(dirname "$here")/build/bin/$name
    [ -x "$program" ] || program=$(command -v "$name") ||
      die "$name is neither in $(dirname "$here")/build/bin nor on the PATH: build it with tools/build.sh," \
        "load its module, or give its path"
  elif [ ! -x "$name" ] || [ -d "$name" ]; then
    die "$name is not there or cannot be executed"
  fi
}

# Sets ranks and run from the Slurm job, where --local and --run did not.
read_job() {
  local name folder=$PWD
  name=$(basename "$program")
  if [ -z "$ranks" ]; then
    [ -n "${SLURM_JOB_ID:-}" ] ||
      die "no Slurm job here: submit a script with sbatch (see $here/README.md), or give --local N"
    ranks=${SLURM_NTASKS:-} folder=${SLURM_SUBMIT_DIR:-.}
    [ -n "$ranks" ] ||
      die "the job does not say how many ranks to start: give sbatch --ntasks-per-node=N (or --ntasks=N)"
    name+=-${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}
    export_end_of_job
  elif [ -n "${SLURM_JOB_ID:-}" ]; then
    die "--local inside a Slurm job: leave it out, the job's nodes are used"
  fi
  run=${run:-$folder/run/$name}
  case $run in
    /*) ;;
    *) run=$PWD/$run ;;
  esac
  export RANKINE_RUN_DIR=$run
  [ "$requeue" = no ] || export RANKINE_REQUEUE=1
}

# When the job ends, in Unix seconds; older Slurm does not tell the job. Asked here, so that no rank has to.
export_end_of_job() {
  local end
  [ -z "${SLURM_JOB_END_TIME:-}" ] || return 0
  end=$(timeout 20 squeue --noheader --jobs="$SLURM_JOB_ID" --format=%e 2>/dev/null) &&
    end=$(date --date="$end" +%s 2>/dev/null) && export SLURM_JOB_END_TIME=$end
}

build_command() {
  local name
  if [ "$launcher" = srun ]; then
    # Steps do not inherit --cpus-per-task since Slurm 22.05.
    command=(srun --mpi=pmix --ntasks="$ranks" --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --cpu-bind=none
      --wait=0)
  else
    # Recovery: a dead rank is the runtime's business. Unbound: the daemons of several nodes may otherwise
    # bind ranks to the same core.
    command=(mpirun --enable-recovery --bind-to none -n "$ranks")
    [ -z "$local_run" ] || command+=(--oversubscribe)
    for name in $(compgen -e | grep -E '^RANKINE_|^SLURM_JOB_END_TIME$'); do command+=(-x "$name"); done
  fi
  command+=("${launch_options[@]}" "$program" "${arguments[@]}")
}

value_of() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" "$run/status" 2>/dev/null; }

ended() {
  case $(value_of state) in
    finished | failed | drained | interrupted) return 0 ;;
  esac
  return 1
}

# Whether rank 0, which runs on this machine, is gone without a word: nobody is left to end the run.
head_is_gone() {
  local pid
  pid=$(value_of pid)
  [ -n "$pid" ] && [ "$(value_of host)" = "$(hostname)" ] && ! kill -0 "$pid" 2>/dev/null
}

# mpirun does not return when the daemon of one of its nodes is dead. The run's own word counts.
watch_end() {
  local over=0
  while [ "$over" -lt "$end_grace_s" ]; do
    sleep 1 >/dev/null 2>&1  # it may outlive this script, and must not hold its output open
    if ended || head_is_gone; then over=$((over + 1)); else over=0; fi
  done
  say "the run is over, but $launcher has not returned: ending it"
  kill -TERM "$1"
  sleep 3 >/dev/null 2>&1
  kill -KILL "$1" 2>/dev/null
}

stops=0
on_signal() {
  stops=$((stops + 1))
  if [ ! -e "$run/status" ]; then
    # Ranks that know the signal already would wait for those that it kills.
    say "SIG$1: the run has not begun yet, and is ended"
    kill -TERM "$child" 2>/dev/null
  elif [ "$stops" = 1 ] || [ "$1" = USR1 ]; then
    say "SIG$1: the run stops in good order"
    kill -USR1 "$child" 2>/dev/null  # mpirun and srun pass it on to the ranks
  else
    say "SIG$1 once more: the run ends at once"
    kill -TERM "$child" 2>/dev/null
  fi
}

# One run from start to end; its exit code, which mpirun does not tell under --enable-recovery.
run_once() {
  local watcher name
  mkdir -p "$run" || die "the run directory $run cannot be made: give another with --run"
  rm -f "$run/status" || die "the run directory $run cannot be written to: give another with --run"
  # A session of its own on a terminal: Ctrl-C comes to this script alone. Behind it would read nothing.
  "${own_session[@]}" "${command[@]}" <&0 &
  child=$!
  for name in USR1 TERM INT HUP; do  # HUP: the terminal is gone
    # shellcheck disable=SC2064  # the name of now
    trap "on_signal $name" "$name"
  done
  watch_end "$child" &
  watcher=$!
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done  # a signal interrupts wait
  trap - USR1 TERM INT HUP
  kill "$watcher" 2>/dev/null
  sh "$here/exit_code.sh" "$run"
}

launch_options=()
read_options "$@"
local_run=$ranks
find_program
if [ -r "$site" ]; then
  set +u  # what modules do may not bear it
  # shellcheck source=/dev/null
  . "$site"
  set -u
elif [ "$site" != "$here/site.conf" ]; then
  die "--site $site cannot be read"
fi
read_job
own_session=()
[ -z "$local_run" ] || own_session=(setsid)
build_command
if [ "$dry_run" = yes ]; then
  printf 'RANKINE_RUN_DIR=%q' "$run"
  printf ' %q' "${command[@]}"
  echo
  exit 0
fi
command -v "$launcher" >/dev/null ||
  die "there is no $launcher: load the module of Open MPI${local_run:- and Slurm}, in $site for all jobs"
# Of Slurm's srun inside mpirun: the loss of a node leaves the step alone.
export SLURM_NO_KILL=set
while :; do
  run_once
  code=$?
  [ "$requeue" = yes ] && [ "$(value_of requeue)" = true ] && [ "$code" = 0 ] || exit "$code"
  [ "$stops" -lt 2 ] || exit "$code"
  [ -n "$local_run" ] || break
  say "started again, since work is left"
done
say "requeued, since work is left"
scontrol requeue "$SLURM_JOB_ID" || {
  say "the job could not be requeued; submit it again with --run $run to go on"
  exit 1
}
