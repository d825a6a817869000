// Buttons that open and close all lists of a section.
"use strict";
document.querySelectorAll("[data-open], [data-close]").forEach((button) => {
  const open = button.dataset.open !== undefined;
  const lists = document.getElementById(button.dataset.open || button.dataset.close);
  button.addEventListener("click", () => {
    lists.querySelectorAll("details").forEach((each) => { each.open = open; });
  });
});
