// What is under the pointer is named: the arm, and where the mark has a name of its own, as a seed and its value, that too.
"use strict";
/* global make */
{
  const tip = make("div", { id: "tip", role: "status", hidden: true });
  document.body.append(tip);

  const show = (lines, x, y) => {
    tip.replaceChildren(...lines.map(line => make("div", {}, line)));
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${y + height + 24 > innerHeight ? y - height - 12 : y + 16}px`;
  };

  const hide = () => {
    tip.hidden = true;
    document.querySelectorAll(".looked-at").forEach(mark => mark.classList.remove("looked-at"));
  };

  /** Lets the marks of one arm stand out in its figure. */
  const lookAt = (svg, arm) => {
    for (const mark of svg.querySelectorAll("[data-arm]")) mark.classList.toggle("looked-at", mark.dataset.arm === arm);
    svg.classList.toggle("looked-at", true);
  };

  const name = mark => mark.dataset.name;

  for (const svg of document.querySelectorAll("figure svg")) {
    // The browser's own bubbles would lie over these.
    const title = svg.querySelector(":scope > title");
    if (title) {
      svg.setAttribute("aria-label", title.textContent);
      title.remove();
    }
    for (const own of svg.querySelectorAll("[data-arm] title")) {
      own.parentElement.dataset.name = own.textContent;
      own.remove();
    }
    if (!svg.querySelector("[data-arm]")) continue;
    const tell = event => {
      const group = event.target.closest("[data-arm]");
      if (!group) {
        hide();
        return;
      }
      const own = name(event.target);
      lookAt(svg, group.dataset.arm);
      show(own ? [group.dataset.arm, own] : [group.dataset.arm], event.clientX, event.clientY);
    };
    svg.addEventListener("pointermove", tell);
    svg.addEventListener("pointerdown", tell);
    // A finger that was lifted has left, and its mark stays named until the next touch.
    svg.addEventListener("pointerleave", event => event.pointerType === "touch" || hide());
  }

  // By keyboard: a row takes the focus, and the arrows go through its marks by their place.
  for (const row of document.querySelectorAll("[data-row]")) {
    const marks = [...row.querySelectorAll("circle")].filter(name);
    if (!marks.length) continue;
    marks.sort((a, b) => a.cx.baseVal.value - b.cx.baseVal.value);
    let at = Math.floor(marks.length / 2);
    const tell = () => {
      const { left, top } = marks[at].getBoundingClientRect();
      lookAt(row.ownerSVGElement, row.dataset.arm);
      show([row.dataset.arm, name(marks[at])], left, top);
      row.setAttribute("aria-label", `${row.dataset.arm}, ${name(marks[at])}`);
    };
    // What is in an image cannot be focused.
    row.ownerSVGElement.setAttribute("role", "group");
    row.setAttribute("tabindex", "0");
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", row.dataset.arm);
    row.addEventListener("focus", () => row.matches(":focus-visible") && tell());
    row.addEventListener("blur", hide);
    row.addEventListener("keydown", event => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -marks.length, End: marks.length }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      at = Math.max(0, Math.min(marks.length - 1, at + step));
      tell();
    });
  }
}
