// What a visitor sets for this browser: the theme, and whether candidates' ids are shown.
const root = document.documentElement;

for (const radio of document.querySelectorAll("[data-setting=theme] input")) {
  radio.checked = radio.value === (root.dataset.theme ?? "");
  radio.addEventListener("change", () => {
    if (radio.value) root.dataset.theme = radio.value;
    else delete root.dataset.theme;
    localStorage.setItem("theme", radio.value);
  });
}

const ids = document.querySelector("[data-setting=ids]");
if (ids) {
  ids.checked = /(?:^|; )ids=shown/.test(document.cookie);
  ids.addEventListener("change", () => {
    // For this sitting only: the cookie goes when the browser is closed.
    document.cookie = `ids=${ids.checked ? "shown" : "hidden"}; path=/; SameSite=Strict`;
    location.reload();
  });
}

const menu = document.querySelector("details.menu");
document.addEventListener("click", (event) => {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
});
menu?.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && menu.open) {
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  }
});
