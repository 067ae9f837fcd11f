// Parallel coordinates that are brushed: a drag along an axis keeps the arms that cross it there, everywhere in the page.
"use strict";
/* global choices, arms, indexIn, svgMake, svgPoint */
{
  const svg = document.querySelector('figure[data-figure="search"] svg');
  const axes = svg ? [...svg.querySelectorAll("[data-coordinate]")] : [];
  // How far from an axis a drag may begin, in the picture's pixels.
  const NEAR = 24;

  /** Where an arm crosses an axis; undefined for one that ends before it. */
  const crossing = (place, x) => {
    const line = svg.querySelector(`[data-arm="${CSS.escape(arms.all[place].label)}"] polyline`);
    const points = [...(line?.points ?? [])];
    // A line that goes straight through an axis has no point there.
    const at = points.findIndex((p, i) => i + 1 < points.length && p.x - 0.2 <= x && x <= points[i + 1].x + 0.2);
    if (at < 0) return undefined;
    const [from, to] = [points[at], points[at + 1]];
    const share = Math.max(0, Math.min(1, (x - from.x) / (to.x - from.x)));
    return from.y + share * (to.y - from.y);
  };

  const boxes = axes.map(axis => {
    const x = Number(axis.dataset.coordinate);
    const line = axis.querySelector("line");
    const ends = [line.y1.baseVal.value, line.y2.baseVal.value];
    const box = svgMake("rect", { x: x - 9, width: 18, fill: "#0072B2", "fill-opacity": 0.2, stroke: "#0072B2", visibility: "hidden" });
    svg.append(box);
    const crossings = arms.all.map((_, place) => crossing(place, x));
    return { x, axis, ends, box, crossings };
  });

  const remember = () => {
    const texts = boxes.map(({ range }, index) => (range ? [index, ...range.map(end => end.toFixed(1))].join("_") : ""));
    choices.setList("brush", texts.filter(Boolean));
  };

  const setRange = (entry, range) => {
    const { box, crossings, ends, x } = entry;
    if (range) range = range.map(end => Math.max(ends[0], Math.min(ends[1], end)));
    entry.range = range;
    box.setAttribute("visibility", range ? "visible" : "hidden");
    if (!range) {
      arms.brushes.delete(x);
      return;
    }
    const [top, bottom] = range;
    box.setAttribute("y", top);
    box.setAttribute("height", bottom - top);
    arms.brushes.set(x, place => crossings[place] >= top - 0.3 && crossings[place] <= bottom + 0.3);
  };

  const done = () => {
    remember();
    arms.change();
  };

  /** By keyboard: the arrows move the lower end of an axis's range, Page Up and Page Down the upper one, and Escape takes it away. */
  const listenToKeys = entry => {
    const { axis, ends } = entry;
    const step = (ends[1] - ends[0]) / 20;
    axis.setAttribute("tabindex", "0");
    axis.setAttribute("role", "button");
    axis.setAttribute("aria-label", "an axis: arrow keys move the lower end of what is kept, Page Up and Page Down the upper end, Escape keeps all");
    axis.addEventListener("keydown", event => {
      const [top, bottom] = entry.range ?? ends;
      const range = {
        ArrowUp: [top, bottom - step],
        ArrowDown: [top, bottom + step],
        PageUp: [top - step, bottom],
        PageDown: [top + step, bottom],
        Escape: null,
      }[event.key];
      if (range === undefined || (range && range[0] >= range[1])) return;
      event.preventDefault();
      setRange(entry, range);
      done();
    });
  };

  if (axes.length) {
    svg.style.touchAction = "pan-x";
    svg.setAttribute("role", "group");
    boxes.forEach(listenToKeys);
    let dragged = null;
    svg.addEventListener("pointerdown", event => {
      if (!event.isPrimary || event.button !== 0) return;
      const [x, y] = svgPoint(svg, event);
      const entry = boxes.find(box => Math.abs(box.x - x) < NEAR);
      if (!entry) return;
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      dragged = { entry, from: y };
      // A click without a drag takes the brush away.
      setRange(entry, null);
    });
    svg.addEventListener("pointermove", event => {
      if (!dragged) return;
      const [, y] = svgPoint(svg, event);
      const range = [Math.min(dragged.from, y), Math.max(dragged.from, y)];
      if (range[1] - range[0] > 4) setRange(dragged.entry, range);
    });
    const end = () => {
      if (!dragged) return;
      dragged = null;
      done();
    };
    svg.addEventListener("pointerup", end);
    svg.addEventListener("pointercancel", end);
    for (const part of choices.list("brush")) {
      const [text, ...ends] = part.split("_");
      const index = indexIn(text, boxes.length);
      const range = ends.map(Number);
      if (index !== null && range.length === 2 && range.every(Number.isFinite) && range[0] < range[1]) setRange(boxes[index], range);
    }
    document.addEventListener("show-all", () => {
      boxes.forEach(entry => setRange(entry, null));
      remember();
    });
    if (arms.brushes.size) arms.change();
  }
}
