#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Slurm cluster of one node that lives in a folder, for tests and for trying trnsim sweep --slurm.
# Needs Debian's slurm-wlm and munge; no root.
#   scripts/slurm-local.sh start FOLDER    starts munged, slurmctld and slurmd; prints the setting to use
#   scripts/slurm-local.sh node-down FOLDER   ends slurmd, as a node that fails
#   scripts/slurm-local.sh node-up FOLDER     starts it again
#   scripts/slurm-local.sh stop FOLDER     ends all three
set -eu

action=${1:-}
folder=${2:-}
if [ -z "$folder" ]; then
    sed -n '3,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
PATH=$PATH:/usr/sbin:/sbin

require() {
    for program in "$@"; do
        command -v "$program" >/dev/null || {
            echo "slurm-local: $program is missing; apt-get install slurm-wlm munge" >&2
            exit 5
        }
    done
}

write_settings() {
    user=$(id -un)
    host=$(hostname -s)
    cpus=$(getconf _NPROCESSORS_ONLN)
    cat >"$folder/slurm.conf" <<SETTINGS
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge.socket
SlurmctldPort=${SLURM_LOCAL_PORT:-16817}
SlurmdPort=$((${SLURM_LOCAL_PORT:-16817} + 1))
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SlurmdTimeout=10
InactiveLimit=0
KillWait=2
MinJobAge=60
MaxArraySize=10001
SchedulerParameters=sched_interval=2,sched_min_interval=100000,requeue_setup_env_fail
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus State=UNKNOWN
PartitionName=local Nodes=$host Default=YES MaxTime=INFINITE State=UP
SETTINGS
}

start_node() {
    SLURM_CONF="$folder/slurm.conf" slurmd -f "$folder/slurm.conf"
}

end_one() { # by the id in its own file, never by name
    [ -s "$folder/$1.pid" ] || return 0
    kill "${2:--TERM}" "$(cat "$folder/$1.pid")" 2>/dev/null || true
}

ended() { # writes to the folder no more
    end_one "$1"
    for _ in $(seq 100); do
        [ -s "$folder/$1.pid" ] && kill -0 "$(cat "$folder/$1.pid")" 2>/dev/null || return 0
        sleep 0.1
    done
    end_one "$1" -KILL
}

case $action in
start)
    require munged slurmctld slurmd sbatch squeue
    mkdir -p "$folder/state" "$folder/spool"
    folder=$(cd "$folder" && pwd)
    chmod 700 "$folder"
    [ -s "$folder/munge.key" ] || dd if=/dev/urandom of="$folder/munge.key" bs=128 count=1 2>/dev/null
    chmod 400 "$folder/munge.key"
    munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
        --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
    write_settings
    SLURM_CONF="$folder/slurm.conf" slurmctld -f "$folder/slurm.conf"
    start_node
    for _ in $(seq 60); do
        if SLURM_CONF="$folder/slurm.conf" sinfo --noheader -o %T 2>/dev/null | grep -q -e idle -e mixed; then
            echo "export SLURM_CONF='$folder/slurm.conf'"
            exit 0
        fi
        sleep 0.5
    done
    echo "slurm-local: the node does not come up; read $folder/*.log" >&2
    exit 5
    ;;
node-down)
    end_one slurmd -KILL
    ;;
node-up)
    folder=$(cd "$folder" && pwd)
    start_node
    ;;
stop)
    ended slurmd
    ended slurmctld
    ended munged
    ;;
*)
    echo "slurm-local: there is no action '$action'; start, node-down, node-up or stop" >&2
    exit 2
    ;;
esac
