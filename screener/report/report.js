"use strict";
// Sorting, filtering and larger pictures. Without it the report reads the same, in its own order.

const MANY = 8; // rows from which on a table can be filtered

function text(row, column) {
  return row.cells[column].innerText.trim();
}

function value(cell) {
  const number = Number.parseFloat(cell.replace("−", "-").replaceAll(",", ""));
  return /^[−-]?[\d.,]+($|\s)/.test(cell) ? number : cell;
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), undefined, { numeric: true });
}

function sort(table, heading, column) {
  const falling = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => compare(value(text(a, column)), value(text(b, column))));
  body.append(...(falling ? rows.reverse() : rows));
}

function sortable(table) {
  for (const [column, heading] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(table, heading, column));
    heading.replaceChildren(button);
  }
}

function filterable(table) {
  const label = document.createElement("label");
  const field = document.createElement("input");
  const count = document.createElement("output");
  label.className = "filter";
  field.type = "search";
  field.placeholder = "words in a row";
  label.append("Show only ", field, count);
  table.parentElement.before(label);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) {
      const said = row.innerText.toLowerCase();
      row.hidden = !words.every((word) => said.includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = field.value ? ` ${shown} of ${rows.length}` : "";
  });
}

function enlargeable(figure) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Enlarge";
  button.addEventListener("click", () => {
    button.textContent = figure.classList.toggle("large") ? "Reduce" : "Enlarge";
  });
  figure.querySelector("figcaption").append(" ", button);
}

for (const table of document.querySelectorAll(".wide table")) {
  const rows = table.tBodies[0].rows.length;
  if (rows > 1) sortable(table);
  if (rows > MANY) filterable(table);
}
for (const picture of document.querySelectorAll(".pictures figure > img")) {
  enlargeable(picture.parentElement);
}
