// Everything that the page does beyond showing itself, once it is there.

for (const figure of document.querySelectorAll("figure.table")) {
  makeSortable(figure);
  addTools(figure, tableTools(figure));
}
for (const figure of document.querySelectorAll("figure.picture")) addTools(figure, pictureTools(figure));
const pad = document.getElementById("pad");
if (pad) startPad(pad, held("pad-tasks"));

// What the page holds for scripts: JSON in an element of that id.
function held(id) {
  return JSON.parse(document.getElementById(id).textContent);
}
