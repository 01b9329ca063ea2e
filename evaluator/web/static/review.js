// One answer under review. Every key presses what can also be clicked; what is saved is decided by the server.
import { Refused, say, send } from "./api.js";
import { forget, light, show, showNext, toggleMarks, watchQuotes } from "./evidence.js";
import { onKeys } from "./keys.js";
import { keepLease } from "./lease.js";
import { showConflict } from "./conflict.js";

const form = document.getElementById("review");
const item = form.dataset.item;
const mode = form.dataset.mode; // "review", "blind", "revealed", "adjudicate"
const closed = "closed" in form.dataset;
const criteria = [...form.querySelectorAll(".criterion")];
const why = document.getElementById("why-changed");
let version = Number(form.dataset.version);
let now = 0;
let busy = false;
let leaving = false;

const chosen = (criterion) => criterion.querySelector("input:checked")?.value;
const atFirst = criteria.map(chosen);
const saidAtFirst = words();
const changedOn = () => criteria.filter((criterion, place) => chosen(criterion) !== atFirst[place]);
const overruled = () => criteria.filter((each) => each.dataset.against !== undefined && chosen(each) !== each.dataset.against);
const filter = () => JSON.parse(sessionStorage.getItem("filter") ?? "{}");

function words() {
  return {
    reason: form.elements.reason?.value || null,
    comment: document.getElementById("comment").value.trim(),
  };
}

function levels() {
  return Object.fromEntries(criteria.map((each) => [each.dataset.criterion, Number(chosen(each))]));
}

function turnTo(place, scroll = true) {
  now = Math.max(0, Math.min(criteria.length - 1, place));
  criteria.forEach((each, at) => each.classList.toggle("now", at === now));
  forget();
  light(criteria[now]);
  if (scroll) criteria[now].scrollIntoView({ block: "nearest" });
  document.getElementById("where").textContent = `${now + 1} of ${criteria.length}`;
}

function setLevel(criterion, value) {
  const input = criterion.querySelector(`input[value="${value}"]`);
  if (!input || input.disabled) {
    say(input ? "This answer cannot be changed now." : `There is no level ${value} here.`);
    return;
  }
  input.checked = true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function choseLevel(criterion) {
  const name = criterion.querySelector("legend").textContent.trim();
  why.hidden = !needsWhy();
  nameSave();
  say(`${name}: level ${chosen(criterion)}.`);
  if (mode !== "blind") return;
  const next = criteria.findIndex((each) => chosen(each) === undefined);
  if (next >= 0) turnTo(next);
  else say("Every criterion has a level. Press n to save and see the grader’s.");
}

const saveWords = document.querySelector("#save .words");
const saveWordsAtFirst = saveWords.textContent;

function nameSave() {
  const isChange = changedOn().length && (mode === "review" || mode === "revealed");
  saveWords.textContent = isChange ? "Save, and next" : saveWordsAtFirst;
  const agreeing = document.getElementById("agree");
  if (!agreeing) return;
  document.getElementById("save").classList.toggle("main-button", Boolean(isChange));
  agreeing.classList.toggle("main-button", !isChange);
}

const needsWhy = () => mode !== "blind" && (overruled().length > 0 || "why" in form.dataset);

const needsReason = () => mode !== "blind" && overruled().length > 0 && !words().reason;

function askWhy() {
  why.hidden = false;
  why.scrollIntoView({ block: "nearest" });
  why.querySelector("input").focus();
  say("Say why: a digit chooses a reason.");
}

// --- what is sent -----------------------------------------------------------------------------------------------

async function decide(path, body, done) {
  if (busy || closed) return;
  busy = true;
  try {
    const answer = await send(`/review/${item}/${path}`, { version, filter: filter(), ...body });
    done(answer);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 409 && error.body.conflict) {
      showConflict(error.body, names(), { theirs: next, insist: () => { version = error.body.version; return save(); } });
    } else if (error.body.needs_reason) {
      askWhy();
    } else {
      say(error.message);
    }
  }
  busy = false;
}

function names() {
  return Object.fromEntries(criteria.map((each) => [each.dataset.criterion, each.querySelector("legend").textContent.trim()]));
}

function go(url) {
  leaving = true;
  location.assign(url ?? "/queue?done=1");
}

function goOn(answer) {
  remember(answer.version);
  go(answer.next);
}

function remember(version) {
  sessionStorage.setItem("last", JSON.stringify({ item, version }));
}

async function next() {
  await send(`/review/${item}/release`, {}).catch(() => {});
  const found = await send("/review/next", { filter: filter(), after: Number(item) });
  go(found.url);
}

async function save() {
  if (closed) return next();
  const open = criteria.findIndex((each) => chosen(each) === undefined);
  if (mode === "blind" || mode === "adjudicate" || changedOn().length) {
    if (open >= 0) {
      turnTo(open);
      say("This criterion has no level yet.");
      return;
    }
    if (mode !== "adjudicate" && needsReason()) {
      askWhy();
      return;
    }
    const path = mode === "adjudicate" ? "adjudicate" : "save";
    await decide(path, { levels: levels(), ...words() }, (answer) => {
      remember(answer.version);
      if (answer.revealed && mode === "blind") go(`/review/${item}`);
      else goOn(answer);
    });
  } else if (JSON.stringify(words()) !== JSON.stringify(saidAtFirst) && "mine" in form.dataset) {
    await decide("reason", words(), () => next());
  } else {
    await next();
  }
}

async function undo() {
  if (changedOn().length) {
    criteria.forEach((each, place) => {
      for (const input of each.querySelectorAll("input")) input.checked = input.value === atFirst[place];
    });
    why.hidden = !needsWhy();
    nameSave();
    say("Changes on this page were taken back.");
    return;
  }
  const last = JSON.parse(sessionStorage.getItem("last") ?? "null");
  if (!last) {
    say("There is nothing of yours to undo.");
    return;
  }
  try {
    await send(`/review/${last.item}/undo`, { version: last.version });
    sessionStorage.removeItem("last");
    if (last.item !== item) await send(`/review/${item}/release`, {}).catch(() => {});
    go(`/review/${last.item}`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
  }
}

// --- keys and clicks --------------------------------------------------------------------------------------------

function agree() {
  if (changedOn().length) {
    say("You changed a level: n saves it, u takes it back.");
    return;
  }
  // What stands here: the grader's levels, or those of a colleague who overruled them.
  return decide("save", { levels: levels(), ...words() }, goOn);
}

const skip = () => decide("skip", {}, (answer) => go(answer.next));
const open = (id) => document.getElementById(id)?.showModal();

function digit(key) {
  if (document.activeElement?.name === "reason") {
    const reason = why.querySelectorAll("input[name=reason]")[Number(key) - 1];
    if (reason) {
      reason.checked = true;
      reason.blur();
      say(reason.parentElement.textContent.trim());
    }
    return;
  }
  if (!closed) setLevel(criteria[now], key);
}

function toReason() {
  if (why.hidden) {
    say("A reason belongs to a level that differs from the grader’s.");
    return;
  }
  (why.querySelector("input:checked") ?? why.querySelector("input")).focus();
}

function toComment() {
  why.hidden = false;
  document.getElementById("comment").focus();
}

const presses = { agree, save, undo, skip, hand: () => open("hand-over"), help: () => open("keys") };
for (const [id, act] of Object.entries(presses)) document.getElementById(id)?.addEventListener("click", () => void act());
for (const close of document.querySelectorAll("[data-close]"))
  close.addEventListener("click", () => close.closest("dialog").close());

onKeys({
  digit,
  j: () => turnTo(now + 1),
  k: () => turnTo(now - 1),
  a: () => (document.getElementById("agree") ? void agree() : say("There is nothing to agree with: give your own levels.")),
  n: () => void save(),
  Enter: () => void save(),
  u: () => void undo(),
  s: () => void skip(),
  h: () => open("hand-over"),
  r: toReason,
  c: toComment,
  e: () => (showNext(criteria[now]) ? undefined : say("There is no evidence to show here.")),
  m: () => say(toggleMarks() ? "Marks are off." : "Marks are on."),
  q: () => go("/queue"),
  "?": () => open("keys"),
});

document.getElementById("hand-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const to = event.target.elements.to.value;
  const comment = event.target.elements.comment.value.trim();
  event.target.closest("dialog").close();
  void decide("hand", { to, comment }, (answer) => go(answer.next));
});

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", (event) => {
  if (event.target.name.startsWith("level-")) choseLevel(event.target.closest(".criterion"));
});
criteria.forEach((each, place) => {
  each.addEventListener("focusin", () => turnTo(place, false));
  each.addEventListener("click", (event) => {
    if (!event.target.closest("a")) turnTo(place, false);
  });
  each.addEventListener("mouseenter", () => light(each));
  each.addEventListener("mouseleave", () => light(criteria[now]));
});
document.getElementById("written")?.addEventListener("click", (event) => {
  const mark = event.target.closest("mark");
  const place = mark ? criteria.findIndex((each) => mark.title.startsWith(each.dataset.letter) && mark.classList.contains(each.dataset.look)) : -1;
  if (place >= 0) turnTo(place);
});
window.addEventListener("beforeunload", (event) => {
  if (!leaving && changedOn().length) event.preventDefault();
});

watchQuotes(document.getElementById("main"));
form.classList.add("folds");
turnTo(Math.max(0, atFirst.indexOf(undefined)), false);
if (location.hash) show(location.hash.slice(1));
if (!closed) keepLease(item);
