// Tables that sort by a click on a column's name, and that stack on a narrow screen. Without this script every table shows the same.
"use strict";
{
  const EMPTY = "-";

  /** The first number in a cell, such as the low end of `97.1 to 97.3`; null where there is none. */
  const numberIn = text => {
    const found = text.replace(/\u2212/g, "-").match(/-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/i);
    return found ? Number(found[0]) : null;
  };

  const text = cell => cell.textContent.trim();

  /** The rows by a column; those without a value stay behind, whatever the direction. */
  const sorted = (rows, column, direction) => {
    const cells = rows.map(row => row.cells[column]);
    const areNumbers = cells.every(cell => cell.classList.contains("number"));
    const key = row => (areNumbers ? numberIn(text(row.cells[column])) : text(row.cells[column]));
    const isEmpty = row => (areNumbers ? key(row) === null : ["", EMPTY].includes(key(row)));
    const compare = (a, b) => (areNumbers ? a - b : a.localeCompare(b, "en", { numeric: true }));
    const sign = direction === "ascending" ? 1 : -1;
    const full = rows.filter(row => !isEmpty(row)).sort((a, b) => sign * compare(key(a), key(b)));
    return full.concat(rows.filter(isEmpty));
  };

  const makeSortable = table => {
    const [head, body] = [table.tHead.rows[0], table.tBodies[0]];
    const asWritten = [...body.rows];
    [...head.cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const isNumber = asWritten.every(row => row.cells[column].classList.contains("number"));
        // Of numbers the largest first, of words A first; then the other way round; then as it was written.
        const cycle = isNumber ? [null, "descending", "ascending"] : [null, "ascending", "descending"];
        const next = cycle[(cycle.indexOf(cell.getAttribute("aria-sort")) + 1) % cycle.length];
        for (const other of head.cells) other.removeAttribute("aria-sort");
        if (next) cell.setAttribute("aria-sort", next);
        body.append(...(next ? sorted(asWritten, column, next) : asWritten));
      });
    });
  };

  const makeStack = table => {
    const heads = [...table.tHead.rows[0].cells].map(text);
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, column) => {
        cell.dataset.head = heads[column];
      });
    }
    table.classList.add("stacks");
  };

  for (const table of document.querySelectorAll("table")) {
    makeStack(table);
    if (table.tBodies[0].rows.length > 1) makeSortable(table);
  }
}
