/* What can be taken along: to the clipboard, or as a file. */

let blocks = null;

/** Return the script of these blocks: most of them are in many scripts, so they lie in the page once. */
async function script(numbers) {
  blocks ??= unpacked(byId("library")).then(JSON.parse);
  const all = await blocks;
  return numbers.split(" ").map((n) => all[n]).join("\n\n");
}

async function download(button) {
  const template = button.parentElement.querySelector("template");
  const text = template.content.textContent;
  const content = "blocks" in template.dataset ? await script(text) : text;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/plain" }));
  link.download = button.dataset.download;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say(`Saving ${button.dataset.download}`);
}

async function copy(button) {
  const pre = button.parentElement.querySelector("pre");
  try {
    await navigator.clipboard.writeText(pre.textContent);
  } catch { // where a page may not: what is selected can be copied
    getSelection().selectAllChildren(pre);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  say("Copied");
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

addEventListener("click", (event) => {
  const button = event.target.closest?.("button");
  if (button?.dataset.download) download(button);
  else if (button && "copy" in button.dataset) copy(button);
});

openAddress();
