// Two people decided the same answer: both decisions side by side, and nothing overwritten.

export function showConflict(found, names, { theirs, insist }) {
  const dialog = document.getElementById("conflict");
  const other = found.theirs.at(-1);
  document.getElementById("conflict-who").textContent = other?.name ?? "They";
  const rows = Object.entries(names).map(([criterion, name]) => {
    const mine = found.mine?.[criterion] ?? "–";
    const its = other?.levels?.[criterion] ?? "–";
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    row.append(head);
    for (const level of [mine, its]) {
      const cell = document.createElement("td");
      cell.textContent = level;
      cell.classList.toggle("differs", mine !== its);
      row.append(cell);
    }
    return row;
  });
  document.getElementById("conflict-rows").replaceChildren(...rows);
  const isSame = found.mine && other?.levels && Object.keys(names).every((each) => found.mine[each] === other.levels[each]);
  const said = [
    isSame ? "You gave the same levels." : "",
    other?.comment ? `${other.name}: “${other.comment}”` : "",
    found.regraded ? "It was also graded again." : "",
  ];
  document.getElementById("conflict-said").textContent = said.filter(Boolean).join(" ");
  document.getElementById("theirs").onclick = () => { dialog.close(); void theirs(); };
  document.getElementById("mine").onclick = () => { dialog.close(); void insist(); };
  dialog.showModal();
}
