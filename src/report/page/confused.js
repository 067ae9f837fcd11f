// Behind each wrong cell of the confusion matrix are its test images.
"use strict";
/* global page, make, canvasOf, paint, sheets */
(async () => {
  const { images, of, classes } = page.confused;
  const svg = document.querySelector('figure[data-figure="confusion"] svg');
  if (!svg) return;
  const imageOf = await sheets.read(images);
  const box = make("div", { class: "confused", "aria-live": "polite" });
  const help = "Click a wrong cell, or go to it with the tab key, to see its test images.";
  box.append(make("p", { class: "help quiet" }, help));
  svg.closest("figure").append(box);
  const show = (truth, predicted, count) => {
    const own = of.map((entry, index) => [...entry, index]).filter(([, t, p]) => t === truth && p === predicted);
    const one = ([place, , , index]) => {
      const canvas = canvasOf(images.shape, Math.max(1, Math.floor(84 / images.shape[1])), { role: "img", "aria-label": `test image ${place}` });
      paint(canvas, imageOf(index).map(byte => byte / 255));
      return make("figure", {}, canvas, make("figcaption", {}, `image ${place}`));
    };
    const words = `${classes[truth]} taken for ${classes[predicted]}: ${own.length} of ${count} are in this page`;
    box.replaceChildren(make("p", {}, words), make("div", { class: "side" }, ...own.map(one)));
  };
  for (const cell of svg.querySelectorAll("[data-cell]")) {
    const [truth, predicted, count] = cell.dataset.cell.split(" ").map(Number);
    if (truth === predicted || !count) continue;
    cell.setAttribute("tabindex", "0");
    cell.setAttribute("role", "button");
    cell.setAttribute("aria-label", `${count} of ${classes[truth]} taken for ${classes[predicted]}`);
    cell.style.cursor = "pointer";
    svg.setAttribute("role", "group");
    cell.addEventListener("click", () => show(truth, predicted, count));
    cell.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      show(truth, predicted, count);
    });
  }
})();
