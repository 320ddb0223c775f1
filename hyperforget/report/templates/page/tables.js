// Tables that are sorted by a click on a heading, and filtered by a word.

// Tables of fewer rows are taken in at a glance.
const FEWEST_TO_FILTER = 6;
const SECONDS = { ms: 0.001, s: 1, min: 60, h: 3600, d: 86400 };

// Each block of rows is sorted by itself, by the headings above it.
function makeSortable(figure) {
  let headings = [];
  for (const row of [...figure.querySelectorAll("tr")]) {
    if (!isHeading(row)) continue;
    if (!isHeading(row.previousElementSibling ?? row.parentElement.previousElementSibling?.lastElementChild)) headings = [];
    headings.push(row);
    const blocks = blocksBelow(row);
    const rows = blocks.flat();
    if (rows.length < 2) continue;
    for (const cell of row.cells) {
      const place = placeOf(cell, row, headings);
      if (cell.scope === "col" && rows.every((each) => cellAt(each, place))) headBy(cell, place, blocks, figure);
    }
  }
}

// The rows that a heading is above of, by block: those of its own part of the table, or of all parts without headings.
function blocksBelow(row) {
  const own = row.parentElement;
  const parts = own.matches("thead") ? [...own.parentElement.tBodies].filter((body) => ![...body.rows].some(isHeading)) : [own];
  return parts.map((part) => [...part.rows].filter((each) => !isHeading(each) && !each.classList.contains("block")));
}

function isHeading(row) {
  return Boolean(row && (row.parentElement.matches("thead") || row.classList.contains("head")));
}

// The column that a cell begins in; a cell above that spans rows takes the first ones.
function placeOf(cell, row, headings) {
  const above = row === headings[0] ? 0 : [...headings[0].cells].filter((each) => each.rowSpan > 1).length;
  return [...row.cells].slice(0, cell.cellIndex).reduce((sum, each) => sum + each.colSpan, above);
}

// The cell of a row that begins in a column, if one does.
function cellAt(row, place) {
  let at = 0;
  for (const cell of row.cells) {
    if (at === place) return cell;
    at += cell.colSpan;
  }
  return undefined;
}

function headBy(heading, place, blocks, figure) {
  const sorter = document.createElement("button");
  sorter.type = "button";
  sorter.className = "sort";
  sorter.append(...heading.childNodes);
  heading.append(sorter);
  sorter.addEventListener("click", () => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    for (const other of figure.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    for (const rows of blocks) {
      // What stands above the rows, a heading say, stays there.
      rows.sort((one, other) => compared(cellAt(one, place), cellAt(other, place), descending));
      rows[0]?.parentElement.append(...rows);
    }
  });
}

// Numbers before words, and what is missing last whichever way.
function compared(one, other, descending) {
  const [left, right] = [one, other].map((cell) => cell.textContent.trim());
  const [a, b] = [left, right].map(numberOf);
  const sign = descending ? -1 : 1;
  if (Number.isNaN(a) && Number.isNaN(b)) return sign * left.localeCompare(right, "en", { numeric: true });
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1;
  return a === b ? 0 : sign * (a - b);
}

// The number that a text begins with, of times in seconds; NaN for words.
function numberOf(text) {
  const found = text.replaceAll("−", "-").replaceAll(",", "").match(/^([+-]?(?:\d+\.?\d*|∞))(?:\s*(ms|s|min|h|d)\b)?/);
  if (!found) return NaN;
  return Number(found[1].replace("∞", "Infinity")) * (SECONDS[found[2]] ?? 1);
}

// A field that hides all rows without a word, or nothing for a short table.
function filterOf(figure) {
  const rows = [...figure.querySelectorAll("tr")].filter((row) => !isHeading(row) && !row.classList.contains("block"));
  if (rows.length < FEWEST_TO_FILTER) return [];
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "Filter rows";
  field.setAttribute("aria-label", `Filter rows of ${titleOf(figure)}`);
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !words.every((word) => texts.get(row).includes(word));
  });
  return [field];
}

// The number of a table or figure, as its caption begins.
function titleOf(figure) {
  return figure.querySelector("figcaption > b").textContent.replace(/\.$/, "");
}
