// Descents that play their steps: a dot for each arm on its way, in all panels of the figure at once.
"use strict";
/* global choices, indexIn, make, svgMake */
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
  const places = longest.points.length;
  const slider = make("input", { type: "range", min: 0, max: places - 1, value: places - 1, step: 1, "aria-label": "steps of the descent" });
  const words = make("output");
  const button = make("button", { type: "button" }, "play");
  const show = () => {
    const step = Math.round((Number(slider.value) / (places - 1 || 1)) * longest.steps);
    for (const { points, dot, steps } of tracks) {
      const share = Math.min(1, step / (steps || 1));
      const [x, y] = points[Math.round(share * (points.length - 1))];
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
    }
    words.textContent = `step ${step} of ${longest.steps}`;
    slider.setAttribute("aria-valuetext", words.textContent);
  };
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "play";
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) === places - 1) slider.value = 0;
    button.textContent = "stop";
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      show();
      if (Number(slider.value) === places - 1) stop();
    }, 40);
    show();
  });
  slider.addEventListener("input", () => {
    stop();
    show();
    choices.set("step", slider.value);
  });
  slider.value = indexIn(choices.get("step"), places, places - 1);
  svg.closest(".picture").after(make("p", { class: "controls" }, button, " ", slider, " ", words));
  show();
}
