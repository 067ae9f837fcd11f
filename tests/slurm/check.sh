#!/usr/bin/env bash
# A sweep on a Slurm cluster of two nodes, of which one is killed half-way, leaves the records of the same sweep on one machine, times apart.
# Usage: tests/slurm/check.sh KINDLING
set -euo pipefail
kindling=$(realpath "$1")
. "$(dirname "$0")/cluster.sh"
desk=$(mktemp -d)
trap 'slurm_stop; rm -rf "$desk"' EXIT
cd "$desk"
unset KINDLING_DATA_DIR
export KINDLING_CACHE_DIR=$desk/cache
say() { printf '\n-- %s (%ss)\n' "$1" "$SECONDS"; }
die() { echo "FAILED: $1"; cat run/logs/*; exit 1; }
# The records of a folder without their times, in a fixed order.
records() { "$kindling" merge "$1" --out "$desk/merged-$1" > /dev/null && sed 's/,"seconds":[^,}]*}$//' "$desk/merged-$1/records.jsonl" | sort; }
# `until_true SECONDS WHAT COMMAND`
until_true() {
  local end=$((SECONDS + $1))
  until bash -c "$3" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || die "after $1 s not yet: $2"
    sleep 0.5
  done
}

cat > sweep.toml << 'TOML'
question = "Which optimizer?"
seeds = 6
[data]
dataset = "digits"
train = 8000
validation = 500
test = 500
[train]
epochs = 80
[sweep]
optimizer = ["sgd", "momentum", "rmsprop", "adam"]
TOML

say 'one machine'
"$kindling" sweep sweep.toml --out one --quiet > /dev/null
records one > one.txt
[ "$(wc -l < one.txt)" = 24 ]

say 'without Slurm'
if "$kindling" submit slurm sweep.toml --out run --tasks 8 --cpus 1 > no-slurm.txt 2>&1; then die 'submitted without Slurm'; fi
grep -q 'there is no sbatch' no-slurm.txt || die "$(cat no-slurm.txt)"

say 'a cluster of two nodes'
slurm_start "$desk/slurm"
sinfo

say 'what Slurm refuses, in its own words'
if "$kindling" submit slurm sweep.toml --out run --tasks 8 --cpus 1 -- --partition=nowhere > refused.txt 2>&1; then die 'not refused'; fi
cat refused.txt
grep -q 'invalid partition specified: nowhere' refused.txt

say 'the script, and what would be run'
"$kindling" submit slurm sweep.toml --out run --tasks 8 --cpus 1 --dry-run
[ ! -e run/jobs.toml ]

say 'submitted: 8 tasks, of which an array may have 6'
"$kindling" submit slurm sweep.toml --out run --tasks 8 --cpus 1
[ "$(grep -c '^id' run/jobs.toml)" = 2 ]
"$kindling" submit slurm sweep.toml --out run --tasks 8 --cpus 1 | tee again.txt
grep -q 'in the queue already' again.txt

say 'a node is killed after its first record'
until_true 60 'a record of a task on n1' "
  task=\$(squeue -h -r -o '%K' -w n1 -t R | head -n 1)
  [ -n \"\$task\" ] && [ -s run/records/shard-\$((task + 1))-of-8.jsonl ]"
squeue -r
slurm_kill n1
"$kindling" status run

say 'a warned task goes back into the queue'
# To its script, as Slurm warns it.
until_true 60 'a task that is warned after its first record' "
  task=\$(squeue -h -r -o '%K' -w n2 -t R | head -n 1)
  [ -n \"\$task\" ] && [ \"\$(wc -l < run/records/shard-\$((task + 1))-of-8.jsonl)\" -lt 3 ] &&
    [ -s run/records/shard-\$((task + 1))-of-8.jsonl ] &&
    pkill -USR1 -f $slurm/spool-n2/job"
until_true 30 'it is requeued' "grep -q 'the time is up; this task goes back into the queue' run/logs/*.txt"

say 'the node is lost, its task is requeued, and the other node ends all'
until_true 100 'every trial is recorded' "[ \"\$('$kindling' status run --json | sed 's/.*\"missing\":\\([0-9]*\\).*/\\1/')\" = 0 ]"
until_true 60 'the queue is empty' '[ -z "$(squeue -h)" ]'
sinfo
cat run/logs/*.txt
"$kindling" status run
records run > run.txt
cmp one.txt run.txt || die 'other records'
echo "the records of the cluster are those of one machine: $(wc -l < run.txt)"
"$kindling" submit slurm sweep.toml --out run | tee done.txt
grep -q 'every trial is recorded' done.txt

say 'more seeds: only what is missing is submitted, and cancelled'
slurm_node n1
"$kindling" submit slurm sweep.toml --out run --seeds 7 --cpus 1
"$kindling" cancel run
until_true 60 'the queue is empty' '[ -z "$(squeue -h)" ]'
"$kindling" status run
"$kindling" sweep sweep.toml --out run --seeds 7 --quiet > /dev/null
"$kindling" sweep sweep.toml --out one --seeds 7 --quiet > /dev/null
cmp <(records one) <(records run) || die 'other records with more seeds'
say 'done'
