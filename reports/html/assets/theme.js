// Before the first paint: apply the saved colour theme. Without storage, the browser's setting applies.
(() => {
  const root = document.documentElement;
  let saved = "";
  try { saved = localStorage.getItem("proctor-theme") || ""; } catch { /* no storage */ }
  if (saved) root.dataset.theme = saved;
  addEventListener("DOMContentLoaded", () => {
    for (const radio of document.querySelectorAll('input[name="theme"]')) {
      radio.checked = radio.value === saved;
      radio.addEventListener("change", () => {
        if (radio.value) root.dataset.theme = radio.value; else delete root.dataset.theme;
        try { localStorage.setItem("proctor-theme", radio.value); } catch { /* no storage */ }
      });
    }
  });
})();
