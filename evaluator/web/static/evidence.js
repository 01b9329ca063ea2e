// Evidence in the answer: a criterion lights its quotes, a quote leads to its place, a mark leads to its criterion.

const written = () => document.getElementById("written");
let at = -1;

export function light(criterion) {
  const text = written();
  if (!text) return;
  const look = criterion?.dataset.look;
  const letter = criterion?.dataset.letter;
  const has = look && text.querySelector(`mark.${look}`);
  text.classList.toggle("lit", Boolean(has));
  // Styles repeat after the sixth criterion, letters do not.
  for (const mark of text.querySelectorAll("mark"))
    mark.classList.toggle("lit", Boolean(has) && mark.title.startsWith(letter) && mark.classList.contains(look));
}

export function show(anchor) {
  const text = written();
  const mark = document.getElementById(anchor);
  if (!text || !mark) return;
  for (const shown of text.querySelectorAll(".shown")) shown.classList.remove("shown");
  mark.classList.add("shown");
  mark.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

export function showNext(criterion) {
  const anchors = [...criterion.querySelectorAll("a.at")].map((link) => link.hash.slice(1));
  if (!anchors.length) return false;
  at = (at + 1) % anchors.length;
  show(anchors[at]);
  return true;
}

export function forget() {
  at = -1;
}

export function toggleMarks() {
  return written()?.classList.toggle("plain");
}

export function watchQuotes(root) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a.at");
    if (!link) return;
    event.preventDefault();
    show(link.hash.slice(1));
  });
}
