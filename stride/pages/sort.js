"use strict";
const texts = new Intl.Collator(undefined, { numeric: true });
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

/* The number of a cell, else its text; nothing where there is neither. */
function valueOf(row, column) {
  const cell = row.cells[column], text = cell.textContent.trim();
  if (text === "" || text === "-") return null;
  const number = Number(cell.dataset.value ?? text);
  if (!Number.isNaN(number)) return number;
  return "value" in cell.dataset ? null : text;
}

/* Numbers come before texts; what is missing comes last, whichever way the others go. */
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return sign * (typeof a === "number" ? -1 : 1);
  return sign * (typeof a === "number" ? a - b || 0 : texts.compare(a, b));
}

function sort(body, rows, column, order) {
  const sign = order === "descending" ? -1 : 1;
  const keyed = rows.map((row) => [valueOf(row, column), row]);
  if (order !== "none") keyed.sort((a, b) => compare(a[0], b[0], sign));
  body.append(...keyed.map((pair) => pair[1]));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0], rows = [...body.rows];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const order = NEXT[head.getAttribute("aria-sort") ?? "none"];
      for (const other of heads) other.removeAttribute("aria-sort");
      if (order !== "none") head.setAttribute("aria-sort", order);
      sort(body, rows, column, order);
    });
  });
}
