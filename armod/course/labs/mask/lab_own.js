// A MADE of one's own: its masks and degrees as they are, and who sees whom as the oracle found it.

export async function mount(stage, data) {
  const say = createWords(data.words);
  const bytes = await unpack(data.matrix);
  const size = data.ordering.length;
  const state = { ...data.start, hovered: null, focused: null };
  const position = new Array(size);
  data.ordering.forEach((variable, place) => (position[variable] = place));
  const names = Object.keys(data.kinds);
  const sees = position.map((_, variable) => position.map((_, other) =>
    ["seen", "leak"].includes(names[bytes[variable * size + other]])));
  const masks = data.masks.map((rows) => rows.map((row) => [...row].map((bit) => bit === "1")));
  const facts = { ...data, size, position, sees, masks, oracle: true, output: state.output };

  const knobs = createKnobs();
  const output = knobs.slider("Chosen output", 1, size, (number) => turning(state, update)("output")(number - 1));
  const lab = createLab(stage, {
    kind: "mask-lab", name: "The network. Arrow keys move from unit to unit, Enter chooses an output.",
    knobs: [output], redraw: () => network.look() });
  addVerdict(lab, data);
  const drawing = createDrawing(say, lab);
  lab.legend([
    ["masked", "weight masked to zero"],
    ["kept", "weight kept"],
    ["feeds", "kept, on the way from inputs"],
    ["into", "kept, on the way to outputs"],
    ["unseen", say("unseen")],
    ["leak", say("leak")],
  ]);
  const read = lab.reading("As a table, and in Python", {
    caption: "Who sees whom",
    columns: ["output", "place in the ordering", "inputs it sees"],
    rows: () => facts.sees.map((seen, variable) =>
      [`x${lowered(variable + 1)}`, `${position[variable] + 1}`, numbersOf(seen).join(", ") || "none"]),
    code: () => `armod.dependency_matrix(model)[${state.output}]`,
  });
  const network = createNetwork(stage, { lab, drawing, say, state, facts: () => facts, hint: data.hint, choose });

  function choose(unit) {
    turning(state, update)("output")(unit);
  }

  function update() {
    facts.output = state.output;
    output.show(state.output + 1, `x${lowered(state.output + 1)}`, `output ${state.output + 1}`);
    lab.find(finding(say, facts));
    network.enter();
    read();
    network.look();
  }
  update();
}
