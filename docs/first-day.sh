#!/usr/bin/env bash
# Writes docs/first-day.md: a first day with data of one's own, every command run and its output copied. Times are taken out, so that the page is
# the same wherever it is made. Usage: docs/first-day.sh KINDLING
set -euo pipefail
program=$(realpath "$1")
page=$(realpath "$(dirname "$0")")/first-day.md
desk=$(mktemp -d)
trap 'rm -rf "$desk"' EXIT
cd "$desk"
export KINDLING_CACHE_DIR=$desk/cache NO_COLOR=1
unset KINDLING_DATA_DIR
mkdir bin && ln -s "$program" bin/kindling
PATH=$desk/bin:$PATH

say() { printf '%s\n' "$@" >> "$page"; }
# `step COMMAND`: the command, and what it prints on either stream.
step() {
  say '' '```console' "\$ $1"
  bash -c "$1" 2>&1 | sed -E -e 's/ in [0-9.]+ s / /' -e '/ elapsed/d' >> "$page"
  say '```'
}
# `show FILE LANGUAGE`: a file's text.
show() { say '' "\`$1\`:" '' "\`\`\`$2" "$(cat "$1")" '```'; }

# Three kinds of fruit, drawn by a small generator of random numbers, so that every awk draws the same.
awk 'BEGIN {
  state = 42
  print "weight,width,red,kind"
  for (i = 0; i < 240; i++) {
    kind = i % 3
    for (j = 0; j < 3; j++) {
      sum = 0
      for (k = 0; k < 6; k++) { state = (state * 1103 + 12345) % 65536; sum += state / 65536 }
      noise[j] = sum - 3
    }
    weight = (kind == 0 ? 150 : kind == 1 ? 180 : 120) + 22 * noise[0]
    width = (kind == 0 ? 70 : kind == 1 ? 66 : 58) + 5 * noise[1]
    red = (kind == 0 ? 140 : kind == 1 ? 90 : 170) + 30 * noise[2]
    printf "%.1f,%.1f,%.0f,%s\n", weight, width, red, (kind == 0 ? "apple" : kind == 1 ? "pear" : "plum")
  }
}' > fruit.csv

printf '# A first day: from a CSV file to a prediction\n\n' > "$page"
say 'This page is made by [first-day.sh](first-day.sh), which CI runs: every command below was run, and this is what it printed, times left out.'

say '' '## The data' '' 'A table of 240 fruits; the last column is the class.'
step 'head -n 4 fruit.csv'
step 'kindling data check fruit.csv'

say '' '## A question, and its verdict'
cat > layer.toml <<'T'
question = "Does a hidden layer help to tell the fruits apart?"
seeds = 15

[data]
dataset = "fruit.csv"

[train]
epochs = 40
batch_size = 16
lr = 0.01

[sweep]
hidden = [[], [16]]

[[claims]]
says = "A hidden layer helps"
test = "hidden=16 > hidden=none on test_accuracy"
T
show layer.toml toml
step 'kindling sweep layer.toml'

say '' '## A search'
cat > search.toml <<'T'
question = "Which settings suit the fruits?"
seeds = 9

[data]
dataset = "fruit.csv"

[train]
epochs = 64
batch_size = 16

[sweep]
hidden = [[8], [16], [32], [16, 16]]
lr = { log_uniform = [0.0003, 0.1] }
dropout = { uniform = [0.0, 0.4] }
search = { random = 32, halving = { from = 4, factor = 4 } }
T
show search.toml toml
step 'kindling sweep search.toml --dry-run --jobs 2 | grep trials'
step 'kindling sweep search.toml'

say '' '## The best of it, trained and asked'
step 'kindling train artifacts/search/best.toml --out fruit-model --quiet'
printf 'width,weight,red\n71,148,150\n64,185,80\n57,118,180\n' > new.csv
show new.csv csv
step 'kindling predict fruit-model new.csv'
