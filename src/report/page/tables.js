// Tables that sort by a click on a column's name, fold where they are long, and stack on a narrow screen. Without this script every table
// shows the same.
"use strict";
/* global page, choices, make, indexIn */
/* exported stackTable */

/** Makes a table one that stacks on a narrow screen, each cell with the name of its column. */
const stackTable = table => {
  const heads = [...table.tHead.rows[0].cells].map(cell => cell.textContent.trim());
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, column) => {
      cell.dataset.head = heads[column];
    });
  }
  table.classList.add("stacks");
};

{
  const EMPTY = "-";
  // Rows of a table that is not folded; a folded one shows the first ten.
  const LONG = 24;
  // Columns of the metric that ranks the arms.
  const OF_METRIC = /^(IQM|\d.* interval|median|mean|min|max)$/;

  /** The first number in a cell, such as the low end of `97.1 to 97.3`; null where there is none. */
  const numberIn = text => {
    const found = text.replace(/\u2212/g, "-").match(/-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/i);
    return found ? Number(found[0]) : null;
  };

  const textOf = cell => cell.textContent.trim();

  /** The rows by a column; those without a value stay behind, whatever the direction. */
  const sorted = (rows, column, direction) => {
    const cells = rows.map(row => row.cells[column]);
    const areNumbers = cells.every(cell => cell.classList.contains("number"));
    const key = row => (areNumbers ? numberIn(textOf(row.cells[column])) : textOf(row.cells[column]));
    const isEmpty = row => (areNumbers ? key(row) === null : ["", EMPTY].includes(key(row)));
    const compare = (a, b) => (areNumbers ? a - b : a.localeCompare(b, "en", { numeric: true }));
    const sign = direction === "ascending" ? 1 : -1;
    const full = rows.filter(row => !isEmpty(row)).sort((a, b) => sign * compare(key(a), key(b)));
    return full.concat(rows.filter(isEmpty));
  };

  const makeSortable = (table, index) => {
    const [head, body] = [table.tHead.rows[0], table.tBodies[0]];
    const asWritten = [...body.rows];
    const isOfArms = asWritten.every(row => row.cells[0].dataset.arm !== undefined);
    const sort = (cell, column, next) => {
      for (const other of head.cells) other.removeAttribute("aria-sort");
      if (next) cell.setAttribute("aria-sort", next);
      body.append(...(next ? sorted(asWritten, column, next) : asWritten));
      choices.set(`sort${index}`, next ? `${column}.${next}` : "");
    };
    [...head.cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const isNumber = asWritten.every(row => row.cells[column].classList.contains("number"));
        // Of the metric the best first, of other numbers the largest, of words A; then the other way round; then as it was written.
        const isLowBest = isOfArms && page.higher_is_better === false && OF_METRIC.test(cell.textContent.trim());
        const cycle = isNumber && !isLowBest ? [null, "descending", "ascending"] : [null, "ascending", "descending"];
        sort(cell, column, cycle[(cycle.indexOf(cell.getAttribute("aria-sort")) + 1) % cycle.length]);
      });
    });
    const [text, direction] = choices.get(`sort${index}`).split(".");
    const column = indexIn(text, head.cells.length);
    if (column !== null && ["ascending", "descending"].includes(direction)) sort(head.cells[column], column, direction);
  };

  const makeFold = table => {
    const all = "show all rows";
    const button = make("button", { type: "button", class: "more controls", "aria-expanded": "false" }, all);
    button.addEventListener("click", () => {
      const isFolded = table.classList.toggle("folded");
      button.textContent = isFolded ? all : "show ten rows";
      button.setAttribute("aria-expanded", `${!isFolded}`);
    });
    table.classList.add("folded");
    table.parentElement.after(button);
  };

  document.querySelectorAll("table").forEach((table, index) => {
    stackTable(table);
    if (table.tBodies[0].rows.length > 1) makeSortable(table, index);
    // A ledger's menus leave few rows.
    if (table.tBodies[0].rows.length > LONG && page.arms) makeFold(table);
  });
}
