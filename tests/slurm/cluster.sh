# A Slurm cluster of two nodes on this machine, for tests; sourced by bash. Debian's packages are unpacked and not installed, and no daemon needs
# systemd, cgroups or munge.
#
# `slurm_start FOLDER` starts it. `slurm_node NAME` starts a node again, and `slurm_kill NAME` kills a node with all that runs on it, as a loss of
# power does. `slurm_stop` ends all of it.

slurm_packages='slurmctld slurmd slurm-client slurm-wlm-basic-plugins libmunge2 libhwloc15 libnuma1'

slurm_start() {
  slurm=$1
  local host user port libraries package
  slurm_root=$slurm/root
  # The ports are those of the process, so that two tests do not meet.
  host=$(hostname -s) user=$(id -un) port=$((20000 + $$ % 10000))
  mkdir -p "$slurm_root" "$slurm"/{debs,state,spool-n1,spool-n2}
  slurm_download || {
    # A fresh machine has no lists of packages.
    if [ "$(id -u)" -eq 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi
    slurm_download || { cat "$slurm/debs/download.log"; return 1; }
  }
  for package in "$slurm"/debs/*.deb; do dpkg-deb -x "$package" "$slurm_root"; done
  libraries=$slurm_root/usr/lib/$(uname -m)-linux-gnu
  export LD_LIBRARY_PATH=$libraries:$libraries/slurm-wlm PATH=$slurm_root/usr/bin:$PATH SLURM_CONF=$slurm/slurm.conf
  # `cred_expire` is also how long a task waits that was requeued: 120 seconds by default.
  cat > "$SLURM_CONF" << CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/none
AuthInfo=cred_expire=5
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
PluginDir=$libraries/slurm-wlm
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool-%n
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd-%n.pid
SlurmctldPort=$port
SlurmctldTimeout=5
SlurmdTimeout=5
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1
SelectType=select/cons_tres
MaxArraySize=6
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 2))] CPUs=1 RealMemory=1000
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
CONF
  "$slurm_root/usr/sbin/slurmctld-wlm" -i -L "$slurm/slurmctld.log"
  slurm_node n1
  slurm_node n2
  for _ in $(seq 100); do
    [ "$(sinfo -h -t idle -o %D)" = 2 ] && return 0
    sleep 0.2
  done
  sinfo
  tail -n 20 "$slurm"/*.log
  return 1
}

slurm_download() {
  # shellcheck disable=SC2086 # several packages are several words
  (cd "$slurm/debs" && apt-get download -qq $slurm_packages > download.log 2>&1)
}

slurm_node() {
  "$slurm_root/usr/sbin/slurmd-wlm" -N "$1" -L "$slurm/slurmd-$1.log" -d "$slurm_root/usr/sbin/slurmstepd-wlm"
}

slurm_kill() {
  local script step
  pkill -9 -f "^$slurm_root/usr/sbin/slurmd-wlm -N $1 " || true
  for script in $(pgrep -f "$slurm/spool-$1/job"); do
    step=$(ps -o ppid= -p "$script" | tr -d ' ') || continue
    # What a task starts is in the process group of its script.
    kill -9 "$step" || true
    pkill -9 -g "$script" || true
  done
}

slurm_stop() {
  slurm_kill n1
  slurm_kill n2
  if [ -s "$slurm/slurmctld.pid" ]; then
    pkill -9 -P "$(cat "$slurm/slurmctld.pid")" || true
    kill -9 "$(cat "$slurm/slurmctld.pid")" || true
  fi
}
