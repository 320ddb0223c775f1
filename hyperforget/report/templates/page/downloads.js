// Tables and figures as files: those that the workflow wrote, where the page holds them, else made of what it shows.

const FORMATS = { csv: ["CSV", "text/csv", csvOf], tex: ["LaTeX", "text/x-tex", latexOf] };

// The tools of a table or figure, beside its caption.
function addTools(figure, tools) {
  const line = document.createElement("p");
  line.className = "tools";
  line.append(...tools);
  figure.querySelector("figcaption").after(line);
}

function tableTools(figure) {
  const name = figure.id.replace(/^table-/, "");
  const downloads = Object.entries(FORMATS).map(([suffix, [format, type, made]]) =>
    button(
      format,
      () => save(`${name}.${suffix}`, held("table-files")[name]?.[suffix] ?? made(cellsOf(figure)), type),
      `Download ${titleOf(figure)} as ${format}`,
    ),
  );
  return [...filterOf(figure), ...downloads];
}

function pictureTools(figure) {
  const name = figure.id.replace(/^figure-/, "");
  const text = () => new XMLSerializer().serializeToString(figure.querySelector("svg"));
  const write = () => save(`${name}.svg`, `<?xml version="1.0" encoding="utf-8"?>\n${text()}\n`, "image/svg+xml");
  return [button("SVG", write, `Download ${titleOf(figure)} as SVG`)];
}

// Rows of texts, the headings first; rows that are filtered out are left out.
function cellsOf(figure) {
  return [...figure.querySelectorAll("tr")]
    .filter((row) => !row.hidden)
    .map((row) => [...row.cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " ")));
}

function csvOf(rows) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.map(quoted).join(",")}\n`).join("");
}

function latexOf([headings, ...rows]) {
  const specials = held("latex-specials");
  const line = (row) =>
    `${row.map((text) => Array.from(text, (character) => specials[character] ?? character).join("")).join(" & ")} \\\\`;
  return [
    "% \\usepackage{booktabs}",
    `\\begin{tabular}{l${"r".repeat(headings.length - 1)}}`,
    "\\toprule",
    line(headings),
    "\\midrule",
    ...rows.map(line),
    "\\bottomrule",
    "\\end{tabular}",
    "",
  ].join("\n");
}
