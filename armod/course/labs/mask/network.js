// Pointing at the units of a network, walking over them with keys, and choosing an output.

function createNetwork(stage, { lab, drawing, say, state, facts, hint, choose }) {
  let tabStop;
  const last = () => facts().masks.length;

  // Only what depends on the unit looked at.
  function look() {
    const at = state.hovered ?? state.focused;
    const { pass, output } = facts();
    lab.tell(at ? `${unitSentence(say, facts(), at.level, at.unit)}.` : pass?.detail ?? hint);
    drawing.draw(facts(), at ?? { level: last(), unit: pass?.next ?? output }, tabStop);
  }

  // The network is another one: the Tab key enters it at the chosen output.
  function enter() {
    tabStop = { level: last(), unit: facts().output };
    state.hovered = state.focused = null;
  }

  function press(at) {
    if (at?.level === last()) choose(at.unit);
  }

  lab.svg.addEventListener("click", (event) => press(drawing.unitAt(event.target)));
  lab.svg.addEventListener("pointerover", (event) => {
    state.hovered = drawing.unitAt(event.target);
    look();
  });
  lab.svg.addEventListener("pointerleave", () => {
    state.hovered = null;
    look();
  });
  // On the stage, since a listener for focus on the SVG itself would make that a stop of the Tab key.
  stage.addEventListener("focusin", (event) => {
    state.focused = drawing.unitAt(event.target);
    tabStop = state.focused ?? tabStop;
    look();
  });
  stage.addEventListener("focusout", () => {
    state.focused = null;
    look();
  });
  lab.svg.addEventListener("keydown", (event) => {
    const at = drawing.unitAt(event.target);
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] }[event.key];
    if (at && step) {
      const { degrees } = facts();
      const level = between(0, at.level + step[0], last());
      const share = (degrees[level].length - 1) / Math.max(1, degrees[at.level].length - 1);
      const unit = step[0] ? Math.round(at.unit * share) : between(0, at.unit + step[1], degrees[level].length - 1);
      drawing.focusUnit({ level, unit });
    } else if (at?.level === last() && (event.key === "Enter" || event.key === " ")) {
      press(at);
      state.focused = tabStop;
      look();
    } else return;
    event.preventDefault();
  });
  return { look, enter };
}

function networkLegend(lab, say, others = []) {
  lab.legend([
    ["masked", "weight masked to zero"],
    ["kept", "weight kept"],
    ["feeds", "kept, on the way from inputs"],
    ["into", "kept, on the way to outputs"],
    ...others,
    ["leak", say("leak")],
    ...["new", "kept", "open"].map((kind) => [`final-${kind}`, say(`unit_${kind}`)]),
  ]);
}

// Who sees whom as a table, and `code()`, Python that says the same.
const readNetwork = (lab, facts, code) => lab.reading("As a table, and in Python", {
  caption: "Who sees whom",
  columns: ["output", "place in the ordering", "inputs it sees"],
  rows: () => facts().sees.map((seen, variable) =>
    [`x${lowered(variable + 1)}`, `${facts().position[variable] + 1}`, numbersOf(seen).join(", ") || "none"]),
  code,
});
