// A canvas for a picture, which every arm's network classifies as `kindling predict` does: the numbers are the same to a thousandth.
"use strict";
/* global page, choices, arms, make, canvasOf, paint, sheets, networks, stackTable, indexIn */
/* exported fitDigit */

/** Brings ink `[height * width]` from 0 to 1 into the form of MNIST's images, 28 x 28 bytes: see `src/data/picture.rs`. */
const fitDigit = (ink, width) => {
  const SIDE = 28;
  const BOX = 20;
  let [x0, y0, x1, y1] = [Infinity, Infinity, -1, -1];
  ink.forEach((value, i) => {
    if (value <= 0.2) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x + 1), Math.max(y1, y + 1)];
  });
  if (x1 < 0) return null;
  const scale = Math.max(x1 - x0, y1 - y0) / BOX;
  let [mass, massX, massY] = [0, 0, 0];
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const value = ink[y * width + x];
      mass += value;
      massX += value * (x + 0.5);
      massY += value * (y + 0.5);
    }
  }
  const [left, top] = [massX / mass - (SIDE / 2) * scale, massY / mass - (SIDE / 2) * scale];
  const overlap = (cell, from, to) => Math.max(0, Math.min(to, cell + 1) - Math.max(from, cell));
  /** The ink in a rectangle, each pixel by its share inside. */
  const inkIn = (fromX, toX, fromY, toY) => {
    if (toX <= fromX || toY <= fromY) return 0;
    let sum = 0;
    for (let y = Math.floor(fromY); y < Math.ceil(toY); y++) {
      for (let x = Math.floor(fromX); x < Math.ceil(toX); x++) {
        sum += ink[y * width + x] * overlap(x, fromX, toX) * overlap(y, fromY, toY);
      }
    }
    return sum;
  };
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [left + (i % SIDE) * scale, top + Math.floor(i / SIDE) * scale];
    const found = inkIn(Math.max(x, x0), Math.min(x + scale, x1), Math.max(y, y0), Math.min(y + scale, y1));
    return Math.max(0, Math.min(255, Math.round((255 * found) / (scale * scale))));
  });
};

(async () => {
  const { networks: copies, shape, classes, samples, bytes, left_out: leftOut, as_digits: asDigits } = page.classifiers;
  const widget = document.querySelector('[data-widget="drawing"]');
  const loaded = new Map();
  const layersOf = copy => {
    if (!loaded.has(copy)) loaded.set(copy, networks.read(copy.network));
    return loaded.get(copy);
  };
  const imageOf = samples ? await sheets.read(samples.images) : null;

  const seen = canvasOf(shape, 4, { role: "img", "aria-label": "What the networks see" });
  const table = make("table", { class: "votes", "aria-live": "polite" });
  const note = make("p", { class: "quiet" });

  /** The score of each class, as `predict` ranks them. */
  const scores = (copy, pixels) => {
    const outputs = networks.forward(layersOf(copy), copy.pixels === "raw" ? pixels : pixels.map(byte => byte / 255));
    return copy.threshold === undefined ? [...outputs] : [0, outputs[0] - copy.threshold];
  };
  const likeliest = row => row.reduce((best, score, index) => (score > row[best] ? index : best), 0);

  /** What an arm says: the median run's class and probabilities, and how the runs that are here voted. */
  const ask = (arm, pixels) => {
    const own = copies.filter(copy => copy.arm === arm);
    const rows = own.map(copy => scores(copy, pixels));
    const votes = new Map();
    for (const row of rows) votes.set(likeliest(row), (votes.get(likeliest(row)) ?? 0) + 1);
    const probabilities = own[0].has_probabilities ? networks.softmax(rows[0]) : null;
    return { seed: own[0].seed, predicted: likeliest(rows[0]), probabilities, votes: own.length > 1 ? [...votes] : null };
  };

  const bars = probabilities =>
    make(
      "div",
      { class: "bars", role: "img", "aria-label": probabilities.map((p, i) => `${classes[i]} ${(100 * p).toFixed(1)} %`).join(", ") },
      ...probabilities.map((p, index) =>
        make(
          "div",
          { title: `${classes[index]}: ${(100 * p).toFixed(2)} %` },
          make("i", { style: `height:${Math.max(1, 44 * p)}px` }),
          make("small", {}, classes[index].slice(0, 3)),
        ),
      ),
    );

  let current = null;
  const show = () => {
    const places = page.ranked.filter(place => arms.isShown(place) && copies.some(copy => copy.arm === place));
    if (!current) {
      table.replaceChildren();
      return;
    }
    paint(seen, current.pixels.map(byte => byte / 255));
    const row = place => {
      const said = ask(place, current.pixels);
      const recorded = current.sample === null ? said.votes : samples.votes[place][current.sample];
      const votes = (recorded ?? []).toSorted((a, b) => b[1] - a[1]);
      const text = votes.map(([name, count]) => `${classes[name]}: ${count}`).join(", ") || "-";
      const percent = said.probabilities ? ` ${(100 * said.probabilities[said.predicted]).toFixed(1)} %` : "";
      return make(
        "tr",
        { "data-votes": place },
        make("td", {}, make("span", { class: "swatch", style: `background:${arms.colour(place)}` }), ` ${arms.all[place].label}`),
        make("td", { "data-probabilities": (said.probabilities ?? []).map(p => p.toFixed(6)).join(" ") }, make("b", {}, classes[said.predicted]), percent),
        make("td", {}, said.probabilities ? bars(said.probabilities) : "no probabilities"),
        make("td", {}, text),
      );
    };
    table.replaceChildren(
      make("thead", {}, make("tr", {}, ...["arm", "median run says", "its probabilities", "runs by class"].map(t => make("th", {}, t)))),
      make("tbody", {}, ...places.map(row)),
    );
    stackTable(table);
  };

  // What is drawn is ten times as fine as what is seen.
  const FINE = 10;
  const pad = canvasOf(shape.map(side => side * FINE), 1, { id: "pad", tabindex: 0, "aria-label": "Draw here" });
  const ink = pad.getContext("2d", { willReadFrequently: true });
  const clear = () => {
    ink.fillStyle = "#000";
    ink.fillRect(0, 0, pad.width, pad.height);
    current = null;
    seen.getContext("2d").clearRect(0, 0, seen.width, seen.height);
    picked.value = "";
    show();
  };
  const readPad = () => {
    const { data } = ink.getImageData(0, 0, pad.width, pad.height);
    // With all digits, since a threshold decides what is ink.
    const grey = Float64Array.from({ length: pad.width * pad.height }, (_, i) => data[4 * i] / 255);
    const pixels = fitDigit(grey, pad.width);
    current = pixels && { pixels, sample: null };
    show();
  };
  let last = null;
  const stroke = event => {
    const box = pad.getBoundingClientRect();
    const point = [((event.clientX - box.left) / box.width) * pad.width, ((event.clientY - box.top) / box.height) * pad.height];
    ink.strokeStyle = "#fff";
    ink.lineWidth = 2.2 * FINE;
    ink.lineCap = "round";
    ink.beginPath();
    ink.moveTo(...(last ?? point));
    // A line without a length is drawn as nothing.
    if (last) ink.lineTo(...point);
    else ink.lineTo(point[0] + 0.01, point[1]);
    ink.stroke();
    last = point;
  };
  const end = event => {
    if (!event.isPrimary || !last) return;
    last = null;
    picked.value = "";
    choices.set("image", "");
    readPad();
  };
  pad.addEventListener("pointerdown", event => {
    if (!event.isPrimary || event.button !== 0) return;
    pad.setPointerCapture(event.pointerId);
    if (current && current.sample !== null) clear();
    last = null;
    stroke(event);
  });
  pad.addEventListener("pointermove", event => {
    if (event.isPrimary && event.buttons && last) stroke(event);
  });
  pad.addEventListener("pointerup", end);
  pad.addEventListener("pointercancel", end);

  const picked = make("select", { id: "sample" }, new Option("pick a test image", ""));
  const pick = index => {
    const pixels = imageOf(index);
    current = { pixels, sample: index };
    const small = canvasOf(shape, 1);
    paint(small, pixels.map(byte => byte / 255));
    ink.imageSmoothingEnabled = false;
    ink.drawImage(small, 0, 0, pad.width, pad.height);
    picked.value = index;
    show();
  };
  samples?.places.forEach((place, index) => {
    picked.add(new Option(`${classes[samples.truth[index]]}, test image ${place}`, index));
  });
  picked.addEventListener("change", () => {
    choices.set("image", picked.value);
    if (picked.value === "") clear();
    else pick(Number(picked.value));
  });
  const button = make("button", { type: "button" }, "clear");
  button.addEventListener("click", () => {
    choices.set("image", "");
    clear();
  });
  note.textContent =
    `Of each arm, the weights of the run with the median score, rounded to half floats (${(bytes / 1000).toFixed(0)} kB in this page).` +
    (leftOut ? ` ${leftOut} arms are left out, whose networks were not kept or do not fit.` : "") +
    (samples ? " For test images the last column is how all recorded runs of the arm voted." : "");
  const controls = make("p", {}, samples ? make("label", {}, picked) : "", " ", button);
  const help = asDigits ? "Draw with a mouse or a finger, or pick a test image." : "Pick a test image.";
  const seenBox = make("figure", {}, seen, make("figcaption", {}, "what they see"));
  widget.append(make("p", {}, help), controls, make("div", { class: "side" }, asDigits ? pad : "", seenBox, make("div", { class: "wide" }, table)), note);
  document.addEventListener("arms", show);
  clear();
  if (samples) pick(indexIn(choices.get("image"), samples.places.length, 0));
})();
