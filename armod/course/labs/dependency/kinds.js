// What one variable is to another - seen, in the blind spot, out of reach, a leak, not generated yet - in its colour.

// Gives a drawing its hatch for blind spots, and its lab a legend that counts; the function writes one number a kind.
function createKinds(stage, lab, names) {
  const id = uniqueName("hatch");
  stage.classList.add("armod-kinds");
  lab.svg.style.setProperty("--armod-hatch", `url(#${id})`);
  lab.svg.append(svgElement("defs", {},
    svgElement("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svgElement("rect", { width: 6, height: 6, class: "hatch-paper" }), svgElement("rect", { width: 1.8, height: 6, class: "hatch-ink" }))));
  const counts = Object.fromEntries(Object.keys(names).map((kind) => [kind, element("b")]));
  lab.legend(Object.entries(names).map(([kind, name]) => [kind, `${name} `, counts[kind]]));
  return (numbers) => {
    for (const [kind, count] of Object.entries(numbers)) put(counts[kind], "text", String(count));
  };
}

// The oracle's sentence about a whole model, above the drawing.
function addVerdict(lab, { verdict, leaks }) {
  lab.svg.before(element("p", { class: leaks ? "verdict wrong" : "verdict" }, verdict));
}

// A cross in a cell, for a leak.
function crossIn(x, y, cell) {
  const [low, high] = [0.3 * cell, 0.7 * cell];
  return `M${x + low} ${y + low}L${x + high} ${y + high}M${x + high} ${y + low}L${x + low} ${y + high}`;
}

// The step that an arrow key makes, [rows down, columns to the right], or undefined.
const arrowStep = ({ key }) => ({ ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] })[key];
