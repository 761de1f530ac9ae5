/* The filter of the matrix and the order of its columns. */

const tools = byId("tools");
const heads = [...table.querySelectorAll("thead .launcher")].map((element) => {
  const [must, should] = element.dataset.failures.split(" ").map(Number);
  return { element, name: element.dataset.name, must, should };
});
const lines = [...table.querySelectorAll("tr[data-route]")].map((element) => ({
  element,
  chapter: element.parentElement.dataset.chapter,
  level: element.dataset.level,
  unevaluated: "unevaluated" in element.dataset,
  text: `${element.cells[0].textContent} ${element.cells[1].textContent}`.toLowerCase(),
  cells: [...element.querySelectorAll("td[data-mark]")],
}));

function selected(name) {
  return new Set([...tools.querySelectorAll(`input[name="${name}"]:checked`)].map((input) => input.value));
}

/** Show the matching lines and columns. A set without a selection matches everything. */
function filter() {
  const words = tools.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const [marks, levels, chapters, launchers] = ["mark", "level", "chapter", "launcher"].map(selected);
  const unevaluated = (tools.elements.unevaluated?.checked ?? true) || marks.has("na");
  const has = (set, value) => !set.size || set.has(value);
  const columns = heads.map((head, n) => has(launchers, String(n)));
  heads.forEach((head, n) => { head.element.hidden = !columns[n]; });
  let count = 0;
  for (const line of lines) {
    let matches = has(levels, line.level) && has(chapters, line.chapter) && words.every((word) => line.text.includes(word));
    if (line.unevaluated && !unevaluated) matches = false;
    let any = !marks.size;
    line.cells.forEach((cell, n) => {
      const wanted = has(marks, cell.dataset.mark);
      cell.hidden = !columns[n];
      cell.classList.toggle("dim", !wanted);
      if (wanted && columns[n]) any = true;
    });
    line.element.hidden = !(matches && any);
    count += matches && any ? 1 : 0;
  }
  for (const body of table.tBodies) body.hidden = !body.querySelector("tr[data-route]:not([hidden])");
  const shown = columns.filter(Boolean).length;
  byId("shown").textContent = `Shown: ${count} of ${lines.length}` + (shown < heads.length ? `, ${shown} of ${heads.length} launchers.` : ".");
  byId("nothing").hidden = count > 0;
  for (const menu of tools.querySelectorAll("details.menu")) {
    menu.querySelector("summary small").textContent = menu.querySelectorAll("input:checked").length || "";
  }
  restoreTabStop();
}

const ORDERS = {
  name: (a, b) => (heads[a].name < heads[b].name ? -1 : heads[a].name > heads[b].name ? 1 : a - b),
  most: (a, b) => heads[b].must - heads[a].must || heads[b].should - heads[a].should || a - b,
  fewest: (a, b) => heads[a].must - heads[b].must || heads[a].should - heads[b].should || a - b,
};

/** Sort the columns. MUST failures count before SHOULD failures. */
function order() {
  const places = heads.map((_, n) => n);
  const by = ORDERS[tools.elements.order.value];
  if (by) places.sort(by);
  table.tHead.rows[0].append(...places.map((n) => heads[n].element));
  for (const line of lines) line.element.append(...places.map((n) => line.cells[n]));
}

tools.elements.text.addEventListener("input", filter);
tools.addEventListener("change", (event) => {
  if (event.target.name !== "order") return filter();
  order();
  announce(event.target.selectedOptions[0].textContent);
});
tools.addEventListener("submit", (event) => event.preventDefault());
tools.addEventListener("reset", () => setTimeout(() => { order(); filter(); }));
byId("all").addEventListener("click", () => {
  tools.reset();
  tools.elements.text.focus();
});

/* A click outside or Escape closes a menu. */
addEventListener("click", (event) => {
  for (const menu of tools.querySelectorAll("details[open]")) if (!menu.contains(event.target)) menu.open = false;
});
tools.addEventListener("keydown", (event) => {
  const menu = event.target.closest("details[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

filter();
