#!/usr/bin/env bash
# Cuts the power, as far as a disk can tell, right after `report --compress`, an unpacking sweep, a sweep and `train`: ext4 on a loop device,
# written back as late as it can be, whose device is copied at that moment and mounted again. Needs root and a loop device.
#
#     tests/campaign/power_loss.sh target/debug/kindling [ROUNDS]
#
# After each cut every record that was there before, or that the command reported, must be there, no file under its final name may be empty,
# and a model under its card must be readable.
set -euo pipefail
binary=$(realpath "$1")
rounds=${2:-20}
desk=$(mktemp -d)
mounted=()
tidy() {
  for folder in "${mounted[@]}"; do umount "$folder" 2> /dev/null || true; done
  rm -rf "$desk"
}
trap tidy EXIT
export KINDLING_CACHE_DIR=$desk/cache

mkdir "$desk/disk" "$desk/after"
cat > "$desk/points.toml" <<'END'
question = 'q'
seeds = 3
[data]
dataset = 'blobs'
train = 20
validation = 10
test = 10
[model]
hidden = [3]
[train]
epochs = 1
[sweep]
optimizer = ['sgd', 'adam']
END
sed "s/blobs/digits/; s/\['sgd', 'adam'\]/['sgd']/" "$desk/points.toml" > "$desk/digits.toml"

# The device as it is at this moment, without what is only in memory, becomes the disk after the power is back.
# In every other round another program's sync has the journal written before: then names are on the disk, and what is in the files need not be.
cut_power() {
  if [ $((round % 2)) -eq 0 ]; then touch "$desk/disk/other" && sync "$desk/disk/other"; rm "$desk/disk/other"; fi
  cp --sparse=always "$desk/image" "$desk/image-after"
  umount "$desk/disk"
  mount -o loop "$desk/image-after" "$desk/after"
  mounted+=("$desk/after")
}
fresh_disk() {
  umount "$desk/after" 2> /dev/null || true
  umount "$desk/disk" 2> /dev/null || true
  rm -f "$desk/image" "$desk/image-after"
  truncate -s 64M "$desk/image"
  mkfs.ext4 -q "$desk/image"
  # Written back once in ten minutes, and never early: what was not synced is lost.
  mount -o loop,commit=600,noauto_da_alloc "$desk/image" "$desk/disk"
  mounted+=("$desk/disk")
}
wrong() { echo "round $round, $1: $2"; failures=$((failures + 1)); }
# `check WHAT RECORDS`: what is left after the power was cut.
check() {
  local found=0
  for file in "$desk"/after/run/records.jsonl "$desk"/after/run/records.jsonl.gz; do
    if [ -s "$file" ]; then found=$(gzip -dcf "$file" | grep -c '^{.*}$' || true); break; fi
  done
  [ "$found" -ge "$2" ] || wrong "$1" "$found of $2 records are left"
  empty=$(find "$desk/after" -type f -empty ! -name .lock ! -name other ! -name '*.part' ! -name records.jsonl)
  [ -z "$empty" ] || wrong "$1" "empty: $empty"
  for card in "$desk"/after/*/model.toml; do
    [ -e "$card" ] || continue
    "$binary" draw weights "$(dirname "$card")" --out "$desk/w.png" > /dev/null || wrong "$1" "the model cannot be read"
  done
  cuts=$((cuts + 1))
}
run() { (cd "$desk/disk" && "$binary" "$@" > /dev/null 2>&1); }

failures=0 cuts=0
for round in $(seq "$rounds"); do
  fresh_disk
  run sweep "$desk/points.toml" --out run
  cut_power && check 'sweep' 6

  fresh_disk
  run sweep "$desk/points.toml" --out run
  sync
  run report run --compress
  cut_power && check 'report --compress' 6

  fresh_disk
  run sweep "$desk/points.toml" --out run
  run report run --compress
  sync
  run sweep "$desk/points.toml" --out run --seeds 4
  cut_power && check 'unpack' 8

  fresh_disk
  run train "$desk/digits.toml" --out model
  sync
  run train "$desk/digits.toml" --out model --seed 1
  cut_power && check 'train over a model' 0
  [ -s "$desk/after/model/model.toml" ] || wrong 'train over a model' 'there is no model'
done
echo "power cut $cuts times, $failures failures"
[ "$failures" -eq 0 ]
