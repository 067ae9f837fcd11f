// Parallel coordinates that are brushed: a drag along an axis keeps the arms that cross it there, everywhere in the page.
"use strict";
/* global choices, arms, svgMake, svgPoint */
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
    const box = svgMake("rect", { x: x - 9, width: 18, fill: "#0072B2", "fill-opacity": 0.2, stroke: "#0072B2", visibility: "hidden" });
    svg.append(box);
    const crossings = arms.all.map((_, place) => crossing(place, x));
    return { x, box, crossings };
  });

  const remember = () => {
    const text = boxes.map(({ range }, index) => (range ? `${index}:${range.map(Math.round).join("-")}` : "")).filter(Boolean);
    choices.set("brush", text.join("|"));
  };

  const setRange = (entry, range) => {
    entry.range = range;
    const { box, crossings, x } = entry;
    box.setAttribute("visibility", range ? "visible" : "hidden");
    if (!range) {
      arms.brushes.delete(x);
      return;
    }
    const [top, bottom] = range;
    box.setAttribute("y", top);
    box.setAttribute("height", bottom - top);
    arms.brushes.set(x, place => crossings[place] >= top - 0.2 && crossings[place] <= bottom + 0.2);
  };

  if (axes.length) {
    svg.style.touchAction = "pan-x";
    let dragged = null;
    svg.addEventListener("pointerdown", event => {
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
    svg.addEventListener("pointerup", () => {
      if (!dragged) return;
      dragged = null;
      remember();
      arms.change();
    });
    for (const part of choices.get("brush").split("|").filter(Boolean)) {
      const [index, range] = part.split(":");
      const ends = range?.split("-").map(Number);
      if (boxes[index] && ends?.length === 2 && ends.every(Number.isFinite)) setRange(boxes[index], ends);
    }
    document.addEventListener("show-all", () => {
      boxes.forEach(entry => setRange(entry, null));
      remember();
    });
    if (arms.brushes.size) arms.change();
  }
}
