"use strict";
const body = document.querySelector(".matrix tbody");
const rows = [...body.rows];
const field = (id) => document.getElementById(id);
const form = document.querySelector(".filters");
const totals = [...document.querySelectorAll(".total")];

function filter() {
  const words = field("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const outcomes = totals.filter((t) => t.ariaPressed === "true").map((t) => t.dataset.outcome);
  const module = field("module").value, oracle = field("oracle").value, stance = field("stance").value;
  let shown = 0;
  for (const row of rows) {
    const cells = [...row.querySelectorAll("td[data-oracle]")].filter((c) => !oracle || c.dataset.oracle === oracle);
    const visible =
      words.every((w) => row.dataset.name.includes(w)) &&
      (!outcomes.length || outcomes.includes(row.dataset.outcome)) &&
      (!module || row.dataset.module === module) &&
      (stance ? cells.some((c) => c.dataset.stance === stance) : !oracle || cells.some((c) => c.dataset.stance !== "not asked"));
    row.hidden = !visible;
    shown += visible;
  }
  field("shown").value = `${shown} of ${rows.length}`;
  field("none").hidden = shown > 0;
}

function sort(header) {
  const direction = header.ariaSort === "ascending" ? "descending" : "ascending";
  for (const other of header.parentNode.cells) other.ariaSort = "none";
  header.ariaSort = direction;
  const key = (row) => row.cells[header.cellIndex].dataset.sort;
  const numeric = header.classList.contains("num");
  const order = (a, b) => (numeric ? key(a) - key(b) : key(a).localeCompare(key(b)));
  rows.sort((a, b) => (direction === "ascending" ? order(a, b) : order(b, a)));
  body.append(...rows);
}

function move(step) {
  const links = rows.filter((r) => !r.hidden).map((r) => r.querySelector("a"));
  const open = document.querySelector(".case:target");
  const current = links.findIndex((a) => (open ? a.hash === location.hash : a === document.activeElement));
  const next = links[Math.max(0, Math.min(links.length - 1, current + step))];
  if (!next) return;
  if (open) location.replace(next.hash);
  else next.focus();
}

let opener = null;
function focusCase() {
  const open = document.querySelector(".case:target");
  if (open) {
    opener = rows.find((r) => r.querySelector("a").hash === location.hash)?.querySelector("a");
    open.scrollTop = 0;
    open.focus({ preventScroll: true });
  } else opener?.focus();
}

for (const event of ["input", "change"]) form.addEventListener(event, filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => {
  for (const total of totals) total.ariaPressed = "false";
  setTimeout(filter);
});
for (const total of totals)
  total.addEventListener("click", () => {
    total.ariaPressed = String(total.ariaPressed !== "true");
    filter();
  });
for (const header of document.querySelectorAll(".matrix th")) header.firstElementChild.addEventListener("click", () => sort(header));
body.addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (row && !event.target.closest("a") && !getSelection().toString()) row.querySelector("a").click();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select");
  if (event.key === "Escape" && document.querySelector(".case:target")) location.hash = "matrix";
  else if (event.key === "Escape" && typing) event.target.blur();
  else if (event.key === "/" && !typing) field("search").focus();
  else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !(event.target.matches("select")) && !document.querySelector(".case:target")) move(event.key === "ArrowDown" ? 1 : -1);
  else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && !typing && document.querySelector(".case:target")) move(event.key === "ArrowRight" ? 1 : -1);
  else return;
  event.preventDefault();
});
for (const button of document.querySelectorAll(".copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", () => navigator.clipboard.writeText(button.previousElementSibling.textContent).then(() => (button.textContent = "copied")));
}
addEventListener("hashchange", focusCase);
filter();
focusCase();
