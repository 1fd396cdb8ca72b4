const body = document.querySelector(".students tbody"), rows = [...body.rows];
const value = (row, place) => row.cells[place].dataset.key ?? row.cells[place].textContent;
const order = new Intl.Collator(undefined, { numeric: true }).compare;
document.querySelectorAll(".students th").forEach((heading, place) => {
  heading.firstChild.addEventListener("click", () => {
    const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const numbers = rows.every((row) => "key" in row.cells[place].dataset);
    const compare = numbers ? (a, b) => a - b : order;
    rows.sort((a, b) => sign * compare(value(a, place), value(b, place)));
    body.append(...rows);
  });
});
document.querySelector("input[type=search]").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
