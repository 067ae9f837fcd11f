// Codes that are walked: points of the map with their images, the line between two of them, the code's own axes, and noise.
"use strict";
/* global page, choices, indexIn, make, svgMake, svgPoint, canvasOf, paint, sheets, networks, halves */
(async () => {
  const { decoder, encoder, width, images, places, labels, classes, codes, spreads, points, seed, noise, bytes } = page.codes;
  const widget = document.querySelector('[data-widget="walking"]');
  const decode = (layers => code => networks.forward(layers, code))(networks.read(decoder));
  const encode = encoder ? (layers => pixels => networks.forward(layers, pixels))(networks.read(encoder)) : null;
  const numbers = halves(codes);
  const codeOf = index => Float64Array.from(numbers.subarray(index * width, (index + 1) * width));
  const read = await sheets.read(images);
  const imageOf = index => read(index).map(byte => byte / 255);
  const name = index => `${classes[labels[index]]}, test image ${places[index]}`;

  const view = (words, label) => {
    const canvas = canvasOf(images.shape, 4, { role: "img", "aria-label": label });
    return { canvas, box: make("figure", {}, canvas, make("figcaption", {}, words)) };
  };
  const menu = id => {
    const select = make("select", { id });
    places.forEach((_, index) => select.add(new Option(name(index), index)));
    return select;
  };
  const range = (id, low, high, step, label) => make("input", { type: "range", id, min: low, max: high, step, "aria-label": label });

  // From one image to another.
  const [from, to] = [menu("walk-from"), menu("walk-to")];
  const share = range("walk", 0, 1, 0.01, "how far from the first image to the second");
  const [fromView, walked, toView] = [view("from", "the first image"), view("decoded", "the decoded code"), view("to", "the second image")];
  // Along the axes of the code, from where the walk is.
  const shifts = Array.from({ length: width }, (_, axis) => {
    const slider = range(`axis-${axis}`, -3, 3, 0.1, `number ${axis + 1} of the code, in standard deviations`);
    slider.value = 0;
    return slider;
  });
  let code = null;
  const show = () => {
    const [a, b, t] = [codeOf(Number(from.value)), codeOf(Number(to.value)), Number(share.value)];
    code = a.map((value, i) => (1 - t) * value + t * b[i] + Number(shifts[i].value) * spreads[i]);
    const decoded = decode(code);
    walked.canvas.decoded = decoded;
    paint(walked.canvas, decoded);
    paint(fromView.canvas, imageOf(Number(from.value)));
    paint(toView.canvas, imageOf(Number(to.value)));
    showNoise();
  };
  const remember = () => {
    choices.set("walk", [from.value, to.value, share.value, strength.value, ...shifts.map(slider => slider.value)].join("_"));
  };

  // Noise on the first image, and what the network makes of it.
  const [kind, level] = noise;
  const strength = range("noise", 0, Math.max(0.8, level), "any", `level of ${kind} noise`);
  const [noisy, cleaned] = [view("noisy", "the noisy image"), view("reconstructed", "the reconstruction of the noisy image")];
  const strengthWords = make("output", { for: "noise" });
  /** Numbers that are the same each time, so that a level differs from another by its level alone (mulberry32). */
  const generator = state => () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const spoil = (pixels, amount) => {
    const random = generator(Number(from.value) + 1);
    return pixels.map(pixel => {
      const [u, v] = [random(), random()];
      if (kind === "masking") return u < amount ? 0 : pixel;
      if (kind === "salt_and_pepper" || kind === "salt-and-pepper") return u < amount ? (v < 0.5 ? 0 : 1) : pixel;
      // Box and Muller.
      return Math.max(0, Math.min(1, pixel + amount * Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v)));
    });
  };
  const showNoise = () => {
    if (!encode) return;
    const spoilt = spoil(imageOf(Number(from.value)), Number(strength.value));
    paint(noisy.canvas, spoilt);
    paint(cleaned.canvas, decode(encode(spoilt)));
    strengthWords.textContent = `${kind} noise of level ${Number(strength.value).toFixed(2)}`;
  };

  const axes = make("details", {}, make("summary", {}, `The ${width} numbers of the code`), make("div", { class: "axes" }, ...shifts.map((slider, i) => make("label", {}, `${i + 1} `, slider))));
  const reset = make("button", { type: "button" }, "back to the line");
  reset.addEventListener("click", () => {
    for (const slider of shifts) slider.value = 0;
    show();
    remember();
  });
  axes.append(reset);
  for (const control of [from, to, share, ...shifts, strength]) {
    control.addEventListener("input", () => {
      show();
      remember();
    });
  }
  const other = labels.findIndex(label => label !== labels[0]);
  const [a = "", b = "", t, noiseLevel, ...shifted] = choices.get("walk").split("_");
  from.value = indexIn(a, places.length, 0);
  to.value = indexIn(b, places.length, Math.max(0, other));
  // A range takes no other text than a number, and is in its middle otherwise.
  share.value = t ?? 0.5;
  strength.value = noiseLevel ?? (level || 0.2);
  shifts.forEach((slider, axis) => {
    slider.value = shifted[axis] ?? 0;
  });
  widget.append(
    make("p", {}, `From one test image to another on the straight line between their codes (seed ${seed}); the network's weights are rounded to ${decoder.bits} bits, ${(bytes / 1000).toFixed(0)} kB in this page.`),
    make("p", { class: "controls" }, make("label", {}, "from ", from), " ", share, " ", make("label", {}, "to ", to)),
    make("div", { class: "side" }, fromView.box, walked.box, toView.box),
    axes,
  );
  if (encode) {
    widget.append(
      make("p", { class: "controls" }, make("label", {}, "noise on the first image ", strength), " ", strengthWords),
      make("div", { class: "side" }, noisy.box, cleaned.box),
    );
  }
  show();

  // The map: a point shows its image and its reconstruction; a click makes it the first image, with Shift the second.
  const svg = document.querySelector('figure[data-figure="codes"] svg');
  if (!svg || !points.length) return;
  const ring = svgMake("circle", { r: 5, fill: "none", stroke: "#222222", "stroke-width": 1.5, visibility: "hidden" });
  svg.append(ring);
  const second = make("input", { type: "checkbox", id: "walk-second" });
  const [own, again] = [view("", "the image"), view("", "its reconstruction")];
  const caption = make("p", {}, "Point at the map: the nearest of its test images that are in this page, and its reconstruction. A click walks from it; with Shift, or where the box is checked, to it. ", make("label", {}, second, " clicks choose where the walk ends"));
  svg.closest("figure").append(caption, make("div", { class: "side" }, own.box, again.box));
  const nearest = event => {
    const [x, y] = svgPoint(svg, event);
    const distance = ([px, py]) => (px - x) ** 2 + (py - y) ** 2;
    return points.reduce((best, point, index) => (distance(point) < distance(points[best]) ? index : best), 0);
  };
  const look = index => {
    const [x, y] = points[index];
    ring.setAttribute("cx", x);
    ring.setAttribute("cy", y);
    ring.setAttribute("visibility", "visible");
    paint(own.canvas, imageOf(index));
    paint(again.canvas, decode(codeOf(index)));
    own.box.querySelector("figcaption").textContent = name(index);
    again.box.querySelector("figcaption").textContent = "reconstructed";
  };
  svg.addEventListener("pointermove", event => look(nearest(event)));
  svg.addEventListener("click", event => {
    (event.shiftKey || second.checked ? to : from).value = nearest(event);
    look(nearest(event));
    show();
    remember();
  });
  look(0);
})();
