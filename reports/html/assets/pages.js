/* The pages: each lies in a template until its address is opened, some of them packed. */

const byId = (id) => document.getElementById(id);
const say = (text) => { byId("said").textContent = text; };

/** Return the text of a template that is packed: gzip in base64. */
async function unpacked(template) {
  const bytes = Uint8Array.from(atob(template.content.textContent), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

/** Return the page at an address of the report, ready to be put in; null where there is none. */
async function pageAt(address) {
  const template = byId(`page:${address}`);
  if (!template) return null;
  if (!("packed" in template.dataset)) return template.content.cloneNode(true);
  const made = document.createElement("template");
  made.innerHTML = await unpacked(template); // the report's own text: it was escaped when it was made
  return made.content;
}

const matrixView = byId("matrix-view");
const pageView = byId("page");
const matrixTitle = document.title;
let left = { link: null, top: 0, leftwards: 0 };
let opened = 0;

/** Show the matrix as it was left, or the page that the address names. */
async function openAddress() {
  const address = decodeURIComponent(location.hash.slice(1));
  const mine = ++opened;
  hideTip();
  if (address === "content") return;
  if (!address || address === "matrix") return showMatrix();
  const [requirement, launcher] = address.split("/");
  const page = (await pageAt(address)) || (await pageAt(requirement));
  if (mine !== opened) return; // another one was opened meanwhile
  if (!page) {
    showMatrix();
    say(`There is no ${address} in this report.`);
    return;
  }
  leaveMatrix();
  pageView.replaceChildren(page);
  pageView.hidden = false;
  document.title = `${pageView.querySelector("article").dataset.title} · Proctor`;
  mark(address);
  prepareTimelines(pageView);
  document.documentElement.dataset.at = address;
  scrollTo(0, 0);
  if (!goToRow(requirement, launcher)) pageView.querySelector("h1").focus();
}

/** In the page of a requirement go to the row of a launcher that has no page of its own. */
function goToRow(requirement, launcher) {
  const row = launcher && requirement !== "launcher" && pageView.querySelector(`tr[data-launcher="${CSS.escape(launcher)}"]`);
  if (!row) return false;
  row.classList.add("here");
  row.querySelector("a").focus();
  row.scrollIntoView({ block: "nearest" });
  return true;
}

function leaveMatrix() {
  const scroller = matrixView.querySelector(".scroller");
  if (!matrixView.hidden) left = { link: left.link, top: scroller.scrollTop, leftwards: scroller.scrollLeft };
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
  mark("matrix");
  document.documentElement.dataset.at = "matrix";
  if (!wasAway) return;
  matrixView.querySelector(".scroller").scrollTo(left.leftwards, left.top);
  (left.link?.offsetParent ? left.link : byId("matrix-title")).focus({ preventScroll: true });
}

/** Say in the navigation where we are. */
function mark(address) {
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
/* What is folded is printed as well. */
addEventListener("beforeprint", () => {
  for (const details of pageView.querySelectorAll("details")) details.open = true;
});
