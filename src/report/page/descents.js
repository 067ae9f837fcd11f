// Descents that play their steps: a dot for each arm on its way, in all panels of the figure at once.
"use strict";
/* global choices, indexIn, makePlayer, svgMake */
for (const svg of document.querySelectorAll('figure[data-figure^="descent"] svg')) {
  const tracks = [...svg.querySelectorAll("[data-track]")].map(group => {
    const points = group.dataset.track.split(" ").map(point => point.split(",").map(Number));
    const dot = svgMake("circle", { r: 6, fill: "currentColor", stroke: "#FFFFFF", "stroke-width": 1.5 });
    group.append(dot);
    return { points, dot, steps: Number(group.dataset.steps) };
  });
  if (!tracks.length) continue;
  // The longest descent sets the pace.
  const longest = tracks.reduce((best, track) => (track.steps > best.steps ? track : best));
  const last = longest.points.length - 1;
  const player = makePlayer({
    last,
    start: indexIn(choices.get("step"), last, last),
    label: "steps of the descent",
    name: "step",
    key: place => place,
    milliseconds: 40,
    show: place => {
      const step = Math.round((place / (last || 1)) * longest.steps);
      for (const { points, dot, steps } of tracks) {
        const share = Math.min(1, step / (steps || 1));
        const [x, y] = points[Math.round(share * (points.length - 1))];
        dot.setAttribute("cx", x);
        dot.setAttribute("cy", y);
      }
      return `step ${step} of ${longest.steps}`;
    },
  });
  svg.closest(".picture").after(player.controls);
  player.tell();
}
