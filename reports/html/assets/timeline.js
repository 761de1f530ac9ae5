/* Timelines: zoom, panning, and tooltips of events, by pointer and by keyboard. */

const tip = byId("tip");
let tipMark = null; // the mark that the tooltip describes
const ZOOM_STEP = 1.4;
const MAX_ZOOM = 8;
const MAX_INITIAL = 1.2; // larger looks coarse
const MIN_INITIAL = 0.75; // smaller is hard to read: scroll instead

/** Prepare the timelines of a page that was just opened. */
function prepareTimelines(page) {
  for (const execution of page.querySelectorAll("[data-execution]")) {
    const drawing = execution.querySelector(".drawing");
    const svg = drawing.querySelector("svg");
    if (!svg) continue;
    labelMarks(svg);
    const zoom = zoomFor(drawing, svg);
    for (const button of execution.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => zoom(button.dataset.zoom));
    }
    addPanning(drawing);
    addKeys(drawing, zoom);
    linkEvents(execution, drawing);
  }
}

/** Replace the titles of the marks by labels, because the browser would show titles next to our tooltip. */
function labelMarks(svg) {
  const title = svg.querySelector(":scope > title");
  svg.setAttribute("role", "group");
  if (title) {
    svg.setAttribute("aria-label", title.textContent);
    title.remove();
  }
  marksOf(svg).forEach((mark, n) => {
    const title = mark.querySelector("title");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", title?.textContent ?? `event ${mark.dataset.event}`);
    mark.setAttribute("tabindex", n ? "-1" : "0");
    title?.remove();
  });
}

function marksOf(drawing) {
  return [...drawing.querySelectorAll("[data-event][tabindex]")];
}

/** Return a function that zooms "in", "out", to "all" or to the original "size", around a point or the middle. */
function zoomFor(drawing, svg) {
  const own = svg.viewBox.baseVal.width || 1000;
  const fits = () => drawing.clientWidth / own;
  let scale = 1;
  const set = (next) => {
    scale = next;
    svg.style.width = `${own * scale}px`;
    drawing.classList.toggle("pannable", svg.getBoundingClientRect().width > drawing.clientWidth + 1);
  };
  set(fits() > MIN_INITIAL ? Math.min(fits(), MAX_INITIAL) : 1);
  return (how, x) => {
    const box = drawing.getBoundingClientRect();
    const about = (x ?? box.left + box.width / 2) - box.left;
    const at = (drawing.scrollLeft + about) / svg.getBoundingClientRect().width;
    const next = { in: scale * ZOOM_STEP, out: scale / ZOOM_STEP, all: fits(), size: 1 }[how];
    set(Math.max(Math.min(fits(), 1), Math.min(MAX_ZOOM, next)));
    drawing.scrollLeft = at * svg.getBoundingClientRect().width - about;
    announce(`${Math.round(scale * 100)} percent`);
  };
}

/** Let a mouse drag a timeline that is larger than its frame. Touch scrolls it anyway. */
function addPanning(drawing) {
  let from = null;
  drawing.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0) {
      from = { x: event.clientX + drawing.scrollLeft, y: event.clientY + drawing.scrollTop };
    }
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!from || !event.buttons) return;
    drawing.scrollTo(from.x - event.clientX, from.y - event.clientY);
    hideTip();
  });
  addEventListener("pointerup", () => { from = null; });
}

/** Keys: + - 0 zoom; on a mark, the arrow keys move to its neighbours. */
function addKeys(drawing, zoom) {
  drawing.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? "in" : "out", event.clientX);
  }, { passive: false });
  drawing.addEventListener("keydown", (event) => {
    const how = { "+": "in", "=": "in", "-": "out", "0": "size" }[event.key];
    if (how && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      zoom(how);
      return;
    }
    const marks = marksOf(drawing);
    const at = marks.indexOf(event.target.closest("[data-event]"));
    if (at < 0) return;
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: marks.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    marks[next]?.focus();
  });
  drawing.addEventListener("focusin", (event) => {
    const mark = event.target.closest("[data-event]");
    if (!mark) return;
    for (const one of marksOf(drawing)) one.setAttribute("tabindex", one === mark ? "0" : "-1");
    mark.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

/** Show the tooltip of a mark, and highlight its event in the drawing, the event list and the output. */
function linkEvents(execution, drawing) {
  const all = [...execution.querySelectorAll("[data-event]")];
  const show = (event) => {
    const mark = event.target.closest("[data-event]");
    for (const one of all) one.classList.toggle("highlighted", one.dataset.event === mark?.dataset.event);
    if (!mark || !drawing.contains(mark)) return hideTip();
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    tipMark = mark;
    placeTip();
  };
  execution.addEventListener("pointerover", show);
  execution.addEventListener("focusin", show);
  execution.addEventListener("focusout", hideTip);
  execution.addEventListener("pointerleave", hideTip);
}

/** Place the tooltip above its mark, or below if there is no space. */
function placeTip() {
  const mark = tipMark.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const x = Math.max(8, Math.min(mark.left + mark.width / 2 - width / 2, innerWidth - width - 8));
  const above = mark.top - height - 8;
  tip.style.left = `${x}px`;
  tip.style.top = `${above > 8 ? above : mark.bottom + 8}px`;
}

function hideTip() {
  tip.hidden = true;
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || tip.hidden) return;
  event.preventDefault(); // closes only the tooltip
  hideTip();
}, true);
addEventListener("scroll", () => { if (!tip.hidden) placeTip(); }, true);
