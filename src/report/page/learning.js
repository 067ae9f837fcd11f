// Trainings on points under a slider: what each arm's median run answers over the line or the plane, epoch by epoch.
"use strict";
/* global page, arms, choices, make, makePlayer, halves */
{
  const { trainings } = page.learning;
  const widget = document.querySelector('[data-widget="learning"]');
  const SIZE = 260;
  const rgb = colour => [1, 3, 5].map(at => Number.parseInt(colour.slice(at, at + 2), 16));
  const [LOW, HIGH] = [rgb("#0072B2"), rgb("#D55E00")];
  const mix = (from, to, share) => from.map((value, i) => value + share * (to[i] - value));
  const WHITE = [255, 255, 255];

  const frames = trainings.map(training => training.frames.map(frame => ({ epoch: frame.epoch, values: halves(frame.values) })));
  const epochs = [...new Set(frames.flat().map(frame => frame.epoch))].sort((a, b) => a - b);

  /** The value between the points of a grid. */
  const between = (values, side, x, y) => {
    const [i, j] = [Math.min(side - 2, Math.floor(x)), Math.min(side - 2, Math.floor(y))];
    const at = (column, row) => values[row * side + column];
    const [a, b] = [x - i, y - j];
    return (1 - b) * ((1 - a) * at(i, j) + a * at(i + 1, j)) + b * ((1 - a) * at(i, j + 1) + a * at(i + 1, j + 1));
  };

  /** A plane in the colours of its figure, with the boundary of two classes as a dark line. */
  const drawPlane = (context, { side, classes }, values) => {
    const data = context.createImageData(SIZE, SIZE);
    const value = (px, py) => {
      const [x, y] = [(px / (SIZE - 1)) * (side - 1), (1 - py / (SIZE - 1)) * (side - 1)];
      return classes > 2 ? values[Math.round(y) * side + Math.round(x)] : between(values, side, x, y);
    };
    for (let py = 0; py < SIZE; py++) {
      for (let px = 0; px < SIZE; px++) {
        const v = value(px, py);
        let colour;
        if (classes > 2) {
          colour = mix(WHITE, rgb(page.palette[v % page.palette.length]), 0.4);
        } else {
          const right = px + 1 < SIZE ? value(px + 1, py) : v;
          const below = py + 1 < SIZE ? value(px, py + 1) : v;
          const isBoundary = v >= 0.5 !== right >= 0.5 || v >= 0.5 !== below >= 0.5;
          colour = isBoundary ? [34, 34, 34] : v < 0.5 ? mix(WHITE, LOW, 0.75 * (1 - 2 * v)) : mix(WHITE, HIGH, 0.75 * (2 * v - 1));
        }
        data.data.set([...colour, 255], 4 * (py * SIZE + px));
      }
    }
    context.putImageData(data, 0, 0);
  };

  const dot = (context, x, y, colour) => {
    context.fillStyle = colour;
    context.strokeStyle = "#fff";
    context.beginPath();
    context.arc(x, y, 2.6, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  };

  const draw = (canvas, training, values) => {
    const context = canvas.getContext("2d");
    const { ends, points, side } = training;
    const px = (value, axis) => ((value - ends[axis][0]) / (ends[axis][1] - ends[axis][0])) * SIZE;
    if (ends.length === 2) {
      drawPlane(context, training, values);
      for (const [[x, y], label] of points) dot(context, px(x, 0), SIZE - px(y, 1), page.palette[label % page.palette.length]);
      return;
    }
    const targets = points.map(([, target]) => target);
    const [low, high] = [Math.min(...targets), Math.max(...targets)];
    const room = 0.1 * (high - low || 1);
    const py = value => SIZE - ((value - low + room) / (high - low + 2 * room)) * SIZE;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIZE, SIZE);
    for (const [[x], target] of points) dot(context, px(x, 0), py(target), "#66666688");
    context.strokeStyle = arms.colour(training.arm);
    context.lineWidth = 2.5;
    context.beginPath();
    values.forEach((value, i) => context.lineTo((i / (side - 1)) * SIZE, py(value)));
    context.stroke();
  };

  const canvases = trainings.map(() => make("canvas", { width: SIZE, height: SIZE, role: "img" }));
  const figures = trainings.map((training, index) =>
    make(
      "figure",
      { "data-training": training.arm },
      canvases[index],
      make("figcaption", {}, `${arms.all[training.arm].label}, seed ${training.seed}`),
    ),
  );
  const show = place => {
    const epoch = epochs[place];
    const words = epoch === 0 ? "before training" : `after epoch ${epoch}`;
    trainings.forEach((training, index) => {
      figures[index].hidden = !arms.isShown(training.arm);
      // A training that ended early stays as it was.
      const own = frames[index].filter(frame => frame.epoch <= epoch);
      draw(canvases[index], training, (own.at(-1) ?? frames[index][0]).values);
      canvases[index].setAttribute("aria-label", `${arms.all[training.arm].label} ${words}`);
    });
    document.dispatchEvent(new CustomEvent("epoch", { detail: epoch }));
    return words;
  };
  const last = epochs.length - 1;
  const wanted = epochs.indexOf(Number(choices.get("epoch") || epochs[last]));
  const player = makePlayer({
    last,
    start: wanted < 0 ? last : wanted,
    label: "epoch",
    id: "epoch",
    name: "epoch",
    key: place => epochs[place],
    milliseconds: 450,
    show,
  });
  widget.append(player.controls, make("div", { class: "side" }, ...figures));
  document.addEventListener("arms", player.tell);
  player.tell();
}
