/* The pages. Each is stored in a template until its address is opened; some are compressed. */

const byId = (id) => document.getElementById(id);
const announce = (text) => { byId("announcement").textContent = text; };

/** Return the text of a compressed template: base64 of gzip. */
async function unpacked(template) {
  const bytes = Uint8Array.from(atob(template.content.textContent), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

/** Return the page at an address of the report as a fragment; null if there is none. */
async function pageAt(address) {
  const template = byId(`page:${address}`);
  if (!template) return null;
  if (!("packed" in template.dataset)) return template.content.cloneNode(true);
  const made = document.createElement("template");
  made.innerHTML = await unpacked(template); // escaped when the report was made
  return made.content;
}

const matrixView = byId("matrix-view");
const pageView = byId("page");
const matrixTitle = document.title;
let matrixState = { link: null, top: 0, leftwards: 0 };
let requests = 0;

/** Show the page that the address names, or the matrix as it was. */
async function openAddress() {
  const address = decodeURIComponent(location.hash.slice(1));
  const request = ++requests;
  hideTip();
  if (address === "content") return;
  if (!address || address === "matrix") return showMatrix();
  const [requirement, launcher] = address.split("/");
  const page = (await pageAt(address)) || (await pageAt(requirement));
  if (request !== requests) return; // a newer request has started
  if (!page) {
    showMatrix();
    announce(`There is no ${address} in this report.`);
    return;
  }
  hideMatrix();
  pageView.replaceChildren(page);
  pageView.hidden = false;
  document.title = `${pageView.querySelector("article").dataset.title} · Proctor`;
  markCurrent(address);
  prepareTimelines(pageView);
  document.documentElement.dataset.at = address;
  scrollTo(0, 0);
  if (!focusRow(requirement, launcher)) pageView.querySelector("h1").focus();
}

/** On the page of a requirement, focus the row of a launcher that has no page of its own. */
function focusRow(requirement, launcher) {
  const row = launcher && requirement !== "launcher" && pageView.querySelector(`tr[data-launcher="${CSS.escape(launcher)}"]`);
  if (!row) return false;
  row.classList.add("here");
  row.querySelector("a").focus();
  row.scrollIntoView({ block: "nearest" });
  return true;
}

function hideMatrix() {
  const scroller = matrixView.querySelector(".scroller");
  if (!matrixView.hidden) matrixState = { link: matrixState.link, top: scroller.scrollTop, leftwards: scroller.scrollLeft };
  matrixView.hidden = true;
  document.documentElement.classList.remove("in-matrix");
}

function showMatrix() {
  const wasAway = matrixView.hidden;
  pageView.hidden = true;
  pageView.replaceChildren();
  matrixView.hidden = false;
  document.documentElement.classList.add("in-matrix");
  document.title = matrixTitle;
  markCurrent("matrix");
  document.documentElement.dataset.at = "matrix";
  if (!wasAway) return;
  matrixView.querySelector(".scroller").scrollTo(matrixState.leftwards, matrixState.top);
  (matrixState.link?.offsetParent ? matrixState.link : byId("matrix-title")).focus({ preventScroll: true });
}

/** Mark the current page in the navigation. */
function markCurrent(address) {
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.hash.slice(1) === address) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

addEventListener("hashchange", openAddress);
document.querySelector("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault();
  byId("content").focus();
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || pageView.hidden) return;
  if (event.target.closest("input, select, details")) return;
  location.hash = "matrix";
});
/* Printing includes collapsed parts. */
addEventListener("beforeprint", () => {
  for (const details of pageView.querySelectorAll("details")) details.open = true;
});
