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
  for (const row of document.querySelectorAll(".students tbody tr, .by-hand tbody tr")) row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
const form = document.querySelector("form"), lines = [...form.querySelectorAll("tbody tr")];
const [points, why] = ["points", "why"].map((label) => (row) => row.querySelector(`input[aria-label=${label}]`));
form.addEventListener("input", () => { // points need a reason
  for (const row of lines) why(row).required = points(row).value !== "";
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const today = new Date().toLocaleDateString("sv"); // as 2026-10-13
  const added = lines.filter((row) => why(row).value.trim()).map((row) => [
    row.dataset.student, row.dataset.lesson, row.querySelector("select").value, points(row).value, form.who.value, today, why(row).value,
  ].map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([[form.given.value, ...added, ""].join("\n")], { type: "text/csv" }));
  link.download = "overrides.csv";
  link.click();
});
