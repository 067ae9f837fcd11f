// A slider over the steps of something, with a button that plays them.
"use strict";
/* global choices, make */
/* exported makePlayer */

/**
 * The controls for places 0 to `last`, at `start`. `show` is given a place and returns what it is called; where the reader leaves it is kept in the
 * address under `name`, by what `key` makes of the place, unless it is the last.
 */
const makePlayer = ({ last, start, label, id, name, key, milliseconds, show }) => {
  const slider = make("input", { type: "range", min: 0, max: last, step: 1, "aria-label": label, id });
  const words = make("output");
  const button = make("button", { type: "button" }, "play");
  const at = () => Number(slider.value);
  const tell = () => {
    words.textContent = show(at());
    slider.setAttribute("aria-valuetext", words.textContent);
  };
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "play";
    choices.set(name, at() === last ? "" : `${key(at())}`);
  };
  button.addEventListener("click", () => {
    if (timer) {
      stop();
      return;
    }
    if (at() === last) slider.value = 0;
    button.textContent = "stop";
    timer = setInterval(() => {
      slider.value = at() + 1;
      tell();
      if (at() === last) stop();
    }, milliseconds);
    tell();
  });
  slider.addEventListener("input", () => {
    stop();
    tell();
  });
  slider.value = start;
  return { controls: make("p", { class: "controls" }, button, " ", slider, " ", words), tell };
};
