// Light or dark: what the system wants, until the button says otherwise. Tells those who draw.
"use strict";
const likewiseTheme = (() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const listeners = [];
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tell = () => listeners.forEach((listener) => listener(dark()));
  const button = document.getElementById("theme");
  if (button) {
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      tell();
    });
  }
  system.addEventListener("change", tell);
  return { dark, listen: (listener) => listeners.push(listener) };
})();
// On paper nothing can be opened: everything is.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((each) => {
    if (!each.open) { each.open = true; each.dataset.opened = "1"; }
  });
});
window.addEventListener("afterprint", () => {
  document.querySelectorAll("details[data-opened]").forEach((each) => {
    each.open = false;
    delete each.dataset.opened;
  });
});
