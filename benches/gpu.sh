#!/usr/bin/env bash
# What a GPU does: the comparison with the CPU, one trial, a sweep, the study of Figures 6 to 9 (14 different arms x 15 seeds), autoencoders, throughput by the number of
# networks, and the same networks in PyTorch and JAX where they are installed. It needs no network.
#
#   benches/gpu.sh DATA [OUT] [BACKEND]
#
# DATA is a folder with `mnist/`; OUT gets logs and `gpu.md` (gpu-results by default); BACKEND is wgpu (the default) or cuda. KINDLING is the
# program, built with that feature; target/debug/kindling by default. EPOCHS is the length of the trainings, 50 by default; NETWORKS are the numbers
# of networks whose throughput is measured; EXTRA is given to every sweep, such as --smoke to see whether all of this runs.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:?the folder with mnist/}
out=${2:-gpu-results}
backend=${3:-wgpu}
kindling=${KINDLING:-target/debug/kindling}
epochs=${EPOCHS:-50}
networks=${NETWORKS:-1 2 4 8 16 32 64 128 256}
extra=${EXTRA:-}
mkdir -p "$out"
table=$out/gpu.md
printf '| what | seconds | networks x epochs a second |\n| --- | ---: | ---: |\n' > "$table"

# `timed NAME TRAININGS EPOCHS COMMAND...`: one line of the table.
timed() {
  local name=$1 trainings=$2 length=$3 start end
  shift 3
  start=$(date +%s.%N)
  "$@" > "$out/$name.log" 2>&1 || { echo "$name failed:"; tail -n 5 "$out/$name.log"; echo "| $name | failed | |" >> "$table"; return 0; }
  end=$(date +%s.%N)
  awk -v name="$name" -v s="$start" -v e="$end" -v n="$trainings" -v l="$length" \
    'BEGIN { printf "| %s | %.2f | %.1f |\n", name, e - s, n * l / (e - s) }' | tee -a "$table"
}
# shellcheck disable=SC2086 # several flags are several words
train() { "$kindling" sweep "$@" --backend "$backend" --data-dir "$data" --no-share --no-weights -q $extra; }

"$kindling" devices
timed check 1 1 "$kindling" devices --check --backend "$backend"
timed one-trial 1 "$epochs" train optimizers --seeds 1 --set 'optimizer=["adam"]' --epochs "$epochs" --out "$out/one" --fresh
timed optimizers 45 "$epochs" train optimizers --epochs "$epochs" --out "$out/optimizers" --fresh
timed study 210 "$epochs" train benches/gpu_study.toml --epochs "$epochs" --out "$out/study" --fresh
timed latent-depth 250 20 train latent_depth --out "$out/latent" --fresh
for count in $networks; do
  timed "networks-$count" "$count" 2 train optimizers --seeds "$count" --set 'optimizer=["adam"]' --epochs 2 --stack 256 --out "$out/networks-$count" --fresh
done

# The peers train on 55,000 images and evaluate nothing; `stack` networks in one process.
peer() {
  local name=$1 script=$2 stack=$3
  python3 -c "import $4" 2> "$out/$name.log" || { echo "| $name | not installed | |" | tee -a "$table"; return 0; }
  local job="{\"widths\": [784, 64, 32, 10], \"batch\": 128, \"epochs\": 2, \"workers\": 1, \"stack\": $stack, \"data\": \"$data/mnist\"}"
  if PEER_DEVICE=${PEER_DEVICE:-cuda} PYTHONPATH=benches/peers python3 "benches/peers/$script" "$job" > "$out/$name.json" 2> "$out/$name.log"; then
    python3 -c "import json, sys; r = json.load(open(sys.argv[1])); print(f'| {sys.argv[2]} | {r[\"seconds\"]:.2f} | {r[\"examples\"] / 55000 / r[\"seconds\"]:.1f} |')" \
      "$out/$name.json" "$name" | tee -a "$table"
  else
    echo "| $name | failed | |" | tee -a "$table"
  fi
}
peer torch-eager torch_net.py 1 torch
PEER_COMPILE=1 peer torch-compiled torch_net.py 1 torch
for count in 15 240; do
  peer "torch-vmap-$count" torch_vmap.py "$count" torch
  peer "jax-vmap-$count" jax_net.py "$count" jax
done

# Throughput against the number of networks, as a figure.
python3 - "$table" "$out/throughput.svg" << 'FIGURE'
import re
import sys

rows = [re.match(r"\| networks-(\d+) \| ([\d.]+) \| ([\d.]+) \|", line) for line in open(sys.argv[1])]
points = [(int(row[1]), float(row[3])) for row in rows if row]
if points:
    most = max(value for _, value in points)
    place = lambda i, value: (70 + 60 * i, 260 - 220 * value / most)
    line = " ".join("%.0f,%.1f" % place(i, value) for i, (_, value) in enumerate(points))
    marks = "".join(
        '<circle cx="%.0f" cy="%.1f" r="3"/><text x="%.0f" y="285" text-anchor="middle">%d</text>'
        '<text x="%.0f" y="%.1f" text-anchor="middle">%.0f</text>' % (*place(i, v), 70 + 60 * i, n, 70 + 60 * i, place(i, v)[1] - 8, v)
        for i, (n, v) in enumerate(points)
    )
    open(sys.argv[2], "w").write(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 320" font-family="sans-serif" font-size="11">'
        '<rect width="640" height="320" fill="white"/><polyline points="%s" fill="none" stroke="#0072b2"/>%s'
        '<text x="320" y="308" text-anchor="middle">networks trained at once</text>'
        '<text x="12" y="16">networks x epochs a second</text></svg>' % (line, marks)
    )
FIGURE
# How far the study is from what the chip could do: PEAK_TFLOPS of 32-bit floats and PEAK_TBS of memory, by default those of an H200.
python3 - "$table" "$epochs" "${PEAK_TFLOPS:-67}" "${PEAK_TBS:-4.8}" << 'LIMITS' | tee -a "$table"
import re
import sys

found = re.search(r"\| study \| ([\d.]+) \|", open(sys.argv[1]).read())
arms = [([64, 32], 128)] * 3 + [([64, 32], batch) for batch in (8, 16, 32, 64, 256)]
arms += [([width, width], 128) for width in (16, 32, 64, 128)] + [([64, 32], 128)] * 2
operations = traffic = 0
for (one, two), batch in arms:
    first, rest = 784 * one, one * two + two * 10
    # A product forward, and two backward, of which the first layer has one.
    operations += 15 * int(sys.argv[2]) * 55000 * (4 * first + 6 * rest)
    # Weights and two moments, read and written in every step.
    traffic += 15 * int(sys.argv[2]) * -(-55000 // batch) * 24 * (first + rest)
if found:
    seconds, tera = float(found[1]), 1e12
    print(f"\nThe study computes {operations / tera / seconds:.2f} of {sys.argv[3]} TFLOP/s, and moves {traffic / tera / seconds:.2f} of {sys.argv[4]} TB/s.")
LIMITS
cat "$table"
