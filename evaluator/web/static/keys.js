// Single keys for those who want them. They rest while somebody writes, and while a dialog is open.

const OFF = "keys-off";
const WRITING = "textarea, select, input:not([type=radio], [type=checkbox])";

export function onKeys(bindings) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.target.matches?.(WRITING)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]") || localStorage.getItem(OFF)) return;
    // Enter and Space belong to whatever has the focus, where that does something by itself.
    if ((event.key === "Enter" || event.key === " ") && event.target.closest("a, button, summary")) return;
    const act = bindings[event.key] ?? (/^[0-9]$/.test(event.key) ? bindings.digit : undefined);
    if (!act || act(event.key, event) === false) return;
    event.preventDefault();
  });
}

// Somebody who speaks to the computer sets off single keys by accident: they can be switched off.
const box = document.querySelector("[data-setting=keys]");
if (box) {
  box.checked = !localStorage.getItem(OFF);
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
}
