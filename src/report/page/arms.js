// Arms that are hidden or picked by the values of their settings, everywhere at once: in tables, and in figures, whose rows close up.
"use strict";
/* global page, choices, make, announce */
/* exported arms */

/** Which arms are shown, and in which colours. `change` is announced on the document as `arms`. */
const arms = {
  all: page.arms ?? [],
  /** Values that are switched off, as `setting=value`. */
  off: new Set(choices.list("off")),
  /** Places of single arms that are switched off. */
  hidden: new Set(choices.get("hide").split(".").filter(Boolean).map(Number)),
  /** For each axis of a parallel plot that is brushed, whether an arm is inside; see `brush.js`. */
  brushes: new Map(),
  colourBy: choices.get("colour"),

  isShown(place) {
    const { settings } = this.all[place];
    return (
      !this.hidden.has(place) &&
      Object.entries(settings).every(([name, value]) => !this.off.has(`${name}=${value}`)) &&
      [...this.brushes.values()].every(isInside => isInside(place))
    );
  },

  /** Places of the arms that are shown, in plan order. */
  shown() {
    return this.all.map((_, place) => place).filter(place => this.isShown(place));
  },

  /** The values of a setting in the order of the plan, each once. */
  valuesOf: setting => [...new Set(arms.all.map(arm => arm.settings[setting]).filter(value => value !== undefined))],

  colour(place) {
    const arm = this.all[place];
    if (!this.colourBy) return arm.colour;
    const value = this.valuesOf(this.colourBy).indexOf(arm.settings[this.colourBy]);
    // An arm with a name of its own may be without the setting.
    return value < 0 ? arm.colour : page.palette[value % page.palette.length];
  },

  place: label => arms.places.get(label),
};
arms.places = new Map(arms.all.map((arm, place) => [arm.label, place]));
{
  // What the address says of other arms than there are is nothing.
  const known = new Set(arms.all.flatMap(({ settings }) => Object.entries(settings).map(([name, value]) => `${name}=${value}`)));
  arms.off.forEach(key => known.has(key) || arms.off.delete(key));
  arms.hidden.forEach(place => arms.all[place] || arms.hidden.delete(place));
  const values = arms.valuesOf(arms.colourBy).length;
  if (values < 2 || values > page.palette?.length) arms.colourBy = "";
}

{
  // More values than this are picked in the parallel plot.
  const MOST_VALUES = 12;

  /** Moves the rows of a figure together, and what is below them up. */
  const closeUp = svg => {
    const rows = [...svg.querySelectorAll("[data-row]")];
    if (!rows.length) return;
    const height = Number(rows[0].dataset.row);
    let missing = 0;
    for (const row of rows) {
      if (row.style.display === "none") missing += 1;
      else row.setAttribute("transform", `translate(0 ${-missing * height})`);
    }
    svg.fullHeight ??= svg.viewBox.baseVal.height;
    const { width } = svg.viewBox.baseVal;
    svg.setAttribute("viewBox", `0 0 ${width} ${svg.fullHeight - missing * height}`);
    svg.setAttribute("height", svg.fullHeight - missing * height);
    svg.querySelector("[data-below]")?.setAttribute("transform", `translate(0 ${-missing * height})`);
    const behind = svg.querySelector("[data-behind]");
    const top = Number(behind?.dataset.behind ?? 0);
    const full = rows.length * height;
    behind?.setAttribute("transform", `translate(0 ${top}) scale(1 ${1 - (missing * height) / full}) translate(0 ${-top})`);
  };

  const apply = () => {
    for (const mark of document.querySelectorAll("[data-arm]")) {
      const place = arms.place(mark.dataset.arm);
      if (place === undefined) continue;
      // A comparison is shown with both of its arms.
      const other = arms.place(mark.dataset.versus);
      const isShown = arms.isShown(place) && (other === undefined || arms.isShown(other));
      if (mark.tagName === "TD") {
        mark.parentElement.hidden = !isShown;
      } else {
        mark.style.display = isShown ? "" : "none";
        if (arms.colourBy) mark.style.color = arms.colour(place);
        else mark.style.removeProperty("color");
      }
    }
    // Another choice of colours has its legend in the bar.
    for (const legend of document.querySelectorAll("[data-legend]")) legend.style.display = arms.colourBy ? "none" : "";
    document.querySelectorAll("figure svg").forEach(closeUp);
    summary.textContent = `Arms: ${arms.shown().length} of ${arms.all.length} shown`;
    announce("arms");
  };

  const change = () => {
    choices.setList("off", [...arms.off]);
    choices.set("hide", [...arms.hidden].sort((a, b) => a - b).join("."));
    choices.set("colour", arms.colourBy);
    apply();
  };

  /** A box that switches one thing on and off. */
  const box = (text, set, key) => {
    const input = make("input", {
      type: "checkbox",
      change: () => {
        if (input.checked) set.delete(key);
        else set.add(key);
        change();
      },
    });
    input.checked = !set.has(key);
    boxes.push([input, set, key]);
    return make("label", {}, make("span", { class: "swatch" }), input, ` ${text}`);
  };

  const settings = (page.settings ?? []).filter(name => arms.valuesOf(name).length > 1);
  const boxes = [];
  const summary = make("summary");

  /** Shows on the boxes which colour is whose. */
  const swatches = (setting, labels) => {
    labels.forEach((label, index) => {
      const isColoured = setting ? setting === arms.colourBy : !arms.colourBy;
      const colour = setting ? page.palette[index % page.palette.length] : arms.all[index].colour;
      label.firstChild.style.background = isColoured ? colour : "transparent";
    });
  };

  if (arms.all.length > 1) {
    const groups = settings
      .filter(name => arms.valuesOf(name).length <= MOST_VALUES)
      .map(name => [name, arms.valuesOf(name).map(value => box(value, arms.off, `${name}=${value}`))]);
    const each = arms.all.map((arm, place) => box(arm.label, arms.hidden, place));
    const fieldset = (name, labels) => make("fieldset", {}, make("legend", {}, name), ...labels);
    const menu = make("select", { id: "colour-by", change: () => colourBy(menu.value) }, new Option("arm", ""));
    for (const [name, labels] of groups) if (labels.length <= page.palette.length) menu.add(new Option(name, name));
    const paint = () => {
      groups.forEach(([name, labels]) => swatches(name, labels));
      swatches("", each);
    };
    const colourBy = value => {
      arms.colourBy = value;
      paint();
      change();
    };
    menu.value = arms.colourBy;
    const all = make("button", { type: "button" }, "show all");
    all.addEventListener("click", () => {
      arms.off.clear();
      arms.hidden.clear();
      for (const [input] of boxes) input.checked = true;
      announce("show-all");
      change();
    });
    // With one setting, its values are the arms.
    const isPlain = groups.length === 1 && groups[0][1].length === arms.all.length;
    const form = make(
      "details",
      { id: "arms", class: "bar" },
      summary,
      ...groups.map(([name, labels]) => fieldset(name, labels)),
      isPlain ? "" : make("details", { open: groups.length === 0 }, make("summary", {}, "each arm"), fieldset("arm", each)),
      make("p", {}, all, " ", make("label", {}, "colours by ", menu)),
    );
    document.querySelector("h1").after(form);
    paint();
    apply();
  }

  arms.change = change;
}
