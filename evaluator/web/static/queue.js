// The queue: one key opens the most urgent answer that nobody else has open.
import { Refused, say, send } from "./api.js";
import { onKeys } from "./keys.js";

const start = document.getElementById("start");

async function begin() {
  start.disabled = true;
  try {
    const filter = JSON.parse(start.dataset.filter);
    sessionStorage.setItem("filter", start.dataset.filter);
    const next = await send("/review/next", { filter });
    if (next.url) location.assign(next.url);
    else say("Everything that is left is open with somebody else, or waits for another person.");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
  }
  start.disabled = false;
}

start?.addEventListener("click", begin);
onKeys({ Enter: () => (start && !start.disabled ? void begin() : false), n: () => (start ? void begin() : false) });

for (const select of document.querySelectorAll(".filters select"))
  select.addEventListener("change", () => select.form.requestSubmit());
