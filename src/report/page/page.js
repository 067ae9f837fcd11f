// What every script of the page shares: the data that the program put into it, the reader's choices, and the making of elements.
"use strict";
/* exported page, choices, make, svgMake, svgPoint, announce, indexIn */

/** The page's data: see `src/report/interactive`. Empty where a page has none. */
const page = JSON.parse(document.getElementById("data")?.textContent || "{}");

/** The reader's choices, kept behind the `#` of the address, so that a copied address shows the same. */
const choices = {
  all: new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : ""),
  get(name) {
    return this.all.get(name) ?? "";
  },
  list(name) {
    return this.all.getAll(name);
  },
  set(name, value) {
    this.setList(name, value ? [value] : []);
  },
  setList(name, values) {
    this.all.delete(name);
    for (const value of values) this.all.append(name, value);
    // A browser takes few changes of the address a second, and a slider makes many.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), 250);
  },
  write() {
    const text = this.all.toString();
    try {
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    } catch {
      // It was asked too often; the next change is written with this one.
    }
  },
};
addEventListener("pagehide", () => choices.write());
// Another address in the same place is another view.
addEventListener("hashchange", () => {
  if (location.hash.includes("=")) location.reload();
});

/** The number that a text of the address is, where it is the place of one of `count`; else `otherwise`. */
const indexIn = (text, count, otherwise = null) => (/^\d+$/.test(text) && Number(text) < count ? Number(text) : otherwise);

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
};

/** An element of HTML; an attribute that is a function listens to the event of its name. */
const make = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

/** The same of SVG, whose namespace the parser knows. */
const svgMake = (() => {
  const template = make("template");
  template.innerHTML = "<svg></svg>";
  const namespace = template.content.firstChild.namespaceURI;
  return (name, attributes = {}, ...children) => fill(document.createElementNS(namespace, name), attributes, children);
})();

/** Where in a picture's own coordinates an event was. */
const svgPoint = (svg, event) => {
  const box = svg.getBoundingClientRect();
  const view = svg.viewBox.baseVal;
  return [((event.clientX - box.left) / box.width) * view.width, ((event.clientY - box.top) / box.height) * view.height];
};

/** Tells the page's other scripts that something has changed. */
const announce = name => document.dispatchEvent(new Event(name));

// A contents link goes to its heading and leaves the choices in the address.
for (const link of document.querySelectorAll('nav a[href^="#"]')) {
  link.addEventListener("click", event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    choices.set("at", link.getAttribute("href").slice(1));
    const heading = document.getElementById(choices.get("at"));
    heading.scrollIntoView();
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  });
}
if (choices.get("at")) document.getElementById(choices.get("at"))?.scrollIntoView();
