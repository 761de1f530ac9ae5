// Before anything is painted: the colours that were chosen last. A browser that keeps nothing starts with its own.
(() => {
  const root = document.documentElement;
  let kept = "";
  try { kept = localStorage.getItem("proctor-theme") || ""; } catch { /* not kept */ }
  if (kept) root.dataset.theme = kept;
  addEventListener("DOMContentLoaded", () => {
    for (const radio of document.querySelectorAll('input[name="theme"]')) {
      radio.checked = radio.value === kept;
      radio.addEventListener("change", () => {
        if (radio.value) root.dataset.theme = radio.value; else delete root.dataset.theme;
        try { localStorage.setItem("proctor-theme", radio.value); } catch { /* not kept */ }
      });
    }
  });
})();
