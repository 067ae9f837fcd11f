// Learning curves that are drawn anew for the arms that are shown, on a scale of the reader's, with a cursor that reads the epochs.
"use strict";
/* global page, choices, arms, make, svgMake, svgPoint, stackTable */
{
  const WIDTH = 760;
  const SIZE = [292, 190];
  const LEFT = 62;
  const GAP = [84, 56];
  const TOP = 30;
  // More lines than this cannot be told from each other.
  const MOST = 8;
  const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

  const scales = {
    linear: { to: v => v, from: v => v },
    log: { to: v => Math.log10(v), from: v => 10 ** v },
    // Of accuracies, the logarithm of the error; one image in 20,000 is as near to none as a test set tells.
    error: { to: v => -Math.log10(Math.max(1 - v, 5e-5)), from: v => 1 - 10 ** -v },
  };

  /** Round values between two ends, three at least where there is room. */
  const ticksOf = (low, high, scale) => {
    const inside = v => v >= low && v <= high;
    if (scale === scales.log) {
      const powers = [];
      for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) powers.push(10 ** power, 3 * 10 ** power);
      if (powers.filter(inside).length >= 3) return powers.filter(inside);
    }
    if (scale === scales.error) {
      const usual = [0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.998, 0.9995].filter(inside);
      if (usual.length >= 3) return usual;
    }
    for (let most = 5; most < 12; most++) {
      const raw = (high - low) / most;
      const power = 10 ** Math.floor(Math.log10(raw));
      const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw * (1 - 1e-9));
      const ticks = [];
      for (let k = Math.ceil(low / step); k * step <= high; k++) ticks.push(k * step);
      if (ticks.length >= 3) return ticks;
    }
    return [...new Set([low, high])];
  };

  const number = (value, panel) => {
    if (value === null || value === undefined) return "-";
    return panel.percent ? `${(100 * value).toFixed(2)} %` : value.toPrecision(3);
  };

  const tickText = (value, panel) => {
    const shown = Number((panel.percent ? 100 * value : value).toPrecision(5));
    return panel.percent ? `${shown} %` : Math.abs(shown) < 1e-4 && shown !== 0 ? shown.toExponential() : `${shown}`;
  };

  const draw = (svg, table, { epochs, panels }) => {
    const isLinear = choices.get("scale") === "linear";
    const all = page.ranked.filter(place => arms.isShown(place));
    const drawn = all.slice(0, MOST);
    const rows = Math.ceil(panels.length / 2);
    const height = TOP + rows * (SIZE[1] + GAP[1]) + 16;
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
    svg.setAttribute("height", height);
    svg.replaceChildren(svgMake("rect", { width: "100%", height: "100%", fill: "#FFFFFF" }));
    const [first, last] = [epochs[0], epochs.at(-1)];
    const xOf = left => epoch => left + (last > first ? ((epoch - first) / (last - first)) * SIZE[0] : SIZE[0] / 2);
    const cursors = [];
    panels.forEach((panel, index) => {
      const [left, top] = [LEFT + (index % 2) * (SIZE[0] + GAP[0]), TOP + Math.floor(index / 2) * (SIZE[1] + GAP[1])];
      const bottom = top + SIZE[1];
      const lines = drawn.map(place => panel.arms[place] ?? []);
      const values = lines.flat().filter(v => v !== null && (isLinear || panel.percent || v > 0));
      const scale = isLinear ? scales.linear : panel.percent ? scales.error : scales.log;
      const text = (x, y, words, anchor, size = 12) =>
        svg.append(svgMake("text", { x, y, "text-anchor": anchor, "font-size": size, fill: "#222222" }, words));
      text(left + SIZE[0] / 2, top - 10, panel.title, "middle", 14);
      if (index >= panels.length - 2) text(left + SIZE[0] / 2, bottom + 36, "epoch", "middle", 14);
      const x = xOf(left);
      for (const epoch of ticksOf(first, last, scales.linear).filter(Number.isInteger)) {
        svg.append(svgMake("line", { x1: x(epoch), x2: x(epoch), y1: bottom, y2: bottom + 4, stroke: "#222222" }));
        text(x(epoch), bottom + 18, `${epoch}`, "middle");
      }
      svg.append(svgMake("line", { x1: left, x2: left + SIZE[0], y1: bottom, y2: bottom, stroke: "#222222" }));
      if (!values.length) return;
      const ends = [Math.min(...values), Math.max(...values)].map(scale.to);
      const room = 0.05 * (ends[1] - ends[0]) || 1e-3;
      const [from, to] = [ends[0] - room, ends[1] + room];
      const y = v => bottom - Math.max(0, Math.min(1, (scale.to(v) - from) / (to - from))) * SIZE[1];
      const seen = new Set();
      for (const value of ticksOf(scale.from(from), scale.from(to), scale)) {
        if (seen.has(tickText(value, panel))) continue;
        seen.add(tickText(value, panel));
        svg.append(svgMake("line", { x1: left, x2: left + SIZE[0], y1: y(value), y2: y(value), stroke: "#E3E3E3" }));
        text(left - 6, y(value) + 4, tickText(value, panel), "end");
      }
      drawn.forEach((place, position) => {
        const band = panel.bands?.[place];
        const colour = arms.colour(place);
        const xy = (value, at) => `${x(epochs[at]).toFixed(1)},${y(value).toFixed(1)}`;
        if (band) {
          const points = [...band.low.map(xy), ...band.high.map(xy).reverse()].join(" ");
          svg.append(svgMake("polygon", { points, fill: colour, "fill-opacity": 0.18, "data-curve": place }));
        }
        const points = lines[position].map((v, at) => (v === null ? null : xy(v, at))).filter(Boolean);
        const dash = DASHES[Math.floor(drawn.slice(0, position).filter(p => arms.colour(p) === colour).length) % 4];
        const look = { fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": dash, "data-curve": place };
        svg.append(svgMake("polyline", { points: points.join(" "), ...look }));
        if (points.length === 1) {
          const [cx, cy] = points[0].split(",");
          svg.append(svgMake("circle", { cx, cy, r: 4, fill: colour, "data-curve": place }));
        }
      });
      const cursor = svgMake("line", { y1: top, y2: bottom, stroke: "#222222", "stroke-dasharray": "2 2", visibility: "hidden" });
      svg.append(cursor);
      cursors.push([cursor, x]);
    });
    table.replaceChildren();
    const read = at => {
      for (const [cursor, x] of cursors) {
        cursor.setAttribute("x1", x(epochs[at]));
        cursor.setAttribute("x2", x(epochs[at]));
        cursor.setAttribute("visibility", "visible");
      }
      const head = [`epoch ${epochs[at]}`, ...panels.map(panel => panel.title)];
      const row = place =>
        make(
          "tr",
          {},
          make("td", {}, make("span", { class: "swatch", style: `background:${arms.colour(place)}` }), ` ${arms.all[place].label}`),
          ...panels.map(panel => make("td", { class: "number" }, number(panel.arms[place]?.[at], panel))),
        );
      table.replaceChildren(
        make("thead", {}, make("tr", {}, ...head.map(words => make("th", {}, words)))),
        make("tbody", {}, ...drawn.map(row)),
      );
      stackTable(table);
      svg.at = at;
    };
    svg.read = read;
    read(Math.min(svg.at ?? epochs.length - 1, epochs.length - 1));
    note.textContent = all.length > drawn.length ? `The ${MOST} best of ${all.length} arms that are shown.` : "";
    svg.nearest = px => {
      const left = px > LEFT + SIZE[0] + GAP[0] / 2 ? LEFT + SIZE[0] + GAP[0] : LEFT;
      const x = xOf(left);
      return epochs.reduce((best, epoch, at) => (Math.abs(x(epoch) - px) < Math.abs(x(epochs[best]) - px) ? at : best), 0);
    };
  };

  const note = make("span");
  const picture = document.querySelector('figure[data-figure="curves"] .picture');
  if (picture && page.curves) {
    const svg = svgMake("svg", {
      width: WIDTH,
      role: "group",
      tabindex: 0,
      id: "curves-chart",
      "font-family": "Helvetica, Arial, 'DejaVu Sans', sans-serif",
      "aria-label": "Learning curves; the arrow keys move the cursor over the epochs, and the table below reads them.",
    });
    const table = make("table", { class: "readout", "aria-live": "polite" });
    const linear = make("input", { type: "checkbox", id: "linear" });
    linear.checked = choices.get("scale") === "linear";
    linear.addEventListener("change", () => {
      choices.set("scale", linear.checked ? "linear" : "");
      draw(svg, table, page.curves);
    });
    const readAt = event => svg.read(svg.nearest(svgPoint(svg, event)[0]));
    svg.addEventListener("pointermove", readAt);
    svg.addEventListener("pointerdown", readAt);
    svg.addEventListener("keydown", event => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      svg.read(Math.max(0, Math.min(page.curves.epochs.length - 1, svg.at + step)));
    });
    picture.querySelector("svg").remove();
    picture.append(svg);
    const controls = make("p", { class: "controls" }, make("label", {}, linear, " linear scales"), " ", note);
    picture.after(controls, make("div", { class: "wide" }, table));
    document.addEventListener("arms", () => draw(svg, table, page.curves));
    // Where a training is watched, its epoch is read.
    document.addEventListener("epoch", event => {
      const { epochs } = page.curves;
      const later = epochs.findIndex(epoch => epoch >= event.detail);
      svg.read(later < 0 ? epochs.length - 1 : later);
    });
    draw(svg, table, page.curves);
  }
}
