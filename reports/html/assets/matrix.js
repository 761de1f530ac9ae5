/* Keyboard use of the matrix: it is a single tab stop, and the arrow keys move within it. */

const table = byId("matrix");

/** Return the visible links of the matrix, line by line. The column heads are the first line. */
function grid() {
  const lines = [...table.rows].filter((row) => row.offsetParent && !row.classList.contains("chapter"));
  return lines.map((row) => {
    const links = [...row.querySelectorAll("a")].filter((link) => !link.parentElement.hidden);
    return row.parentElement.tagName === "THEAD" ? [null, ...links] : links;
  });
}

/** Make a link the tab stop. */
function setTabStop(link) {
  matrixState.link?.setAttribute("tabindex", "-1");
  matrixState.link = link;
  link?.setAttribute("tabindex", "0");
}

function move(event) {
  const link = event.target.closest("a");
  if (!link || event.altKey || event.metaKey || event.shiftKey) return;
  const lines = grid();
  let y = lines.findIndex((links) => links.includes(link));
  if (y < 0) return;
  let x = lines[y].indexOf(link);
  const last = lines.length - 1;
  switch (event.key) {
    case "ArrowUp": y = event.ctrlKey ? 1 : y - 1; break;
    case "ArrowDown": y = event.ctrlKey ? last : y + 1; break;
    case "ArrowLeft": x -= 1; break;
    case "ArrowRight": x += 1; break;
    case "Home": x = 0; if (event.ctrlKey) y = 1; break;
    case "End": x = lines[y].length - 1; if (event.ctrlKey) y = last; break;
    case "PageUp": y -= 10; break;
    case "PageDown": y += 10; break;
    default: return;
  }
  event.preventDefault();
  const line = lines[Math.max(0, Math.min(y, last))];
  const next = line[Math.max(0, Math.min(x, line.length - 1))];
  if (next) next.focus();
}

/** If the filter has hidden the tab stop, make a visible link the tab stop. */
function restoreTabStop() {
  if (matrixState.link?.offsetParent) return;
  setTabStop(grid().at(1)?.[0] ?? null);
}

/** Highlight the column head of a cell, because it may be far away. */
function showColumn(event) {
  const cell = event.target.closest("td[data-mark]");
  table.querySelector("thead .here")?.classList.remove("here");
  if (cell) table.tHead.rows[0].cells[cell.cellIndex].classList.add("here");
}

table.addEventListener("pointerover", showColumn);
table.addEventListener("focusin", showColumn);
table.addEventListener("keydown", move);
table.addEventListener("focusin", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  setTabStop(link);
  link.scrollIntoView({ block: "nearest", inline: "nearest" });
});
table.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link) setTabStop(link);
});
