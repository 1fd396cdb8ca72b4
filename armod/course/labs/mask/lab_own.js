// A network of one's own: its masks and degrees as they are, who sees whom, and what changes when they are edited.

export async function mount(stage, data, live) {
  const say = createWords(data.words);
  const size = data.ordering.length;
  const oracle = data.matrix && (await unpack(data.matrix));
  const names = Object.keys(data.kinds ?? {});
  const asRows = (masks) => masks.map((rows) => rows.map((row) => [...row].map((bit) => bit === "1")));
  const asText = (masks) => masks.map((rows) => rows.map((row) => row.map(Number).join("")));
  const original = {
    ordering: data.ordering, hidden: data.degrees.slice(1, -1), masks: asRows(data.masks), isStrict: true, output: data.start.output };
  let network = original;
  if (live) network = fromKernel();
  let isEdited = !oracle || `${network.masks}` !== `${original.masks}`;
  let facts;
  const state = { hovered: null, focused: null, typed: null };

  const knobs = createKnobs();
  const output = knobs.slider("Chosen output", 1, size, (number) => change({ output: number - 1 }));
  const error = element("p", { class: "error", id: uniqueName("error"), role: "alert" });
  const ordering = knobs.text("Ordering",
    { inputmode: "numeric", autocomplete: "off", spellcheck: "false", "aria-describedby": error.id }, (typed) => {
      state.typed = typed;
      const parsed = parseOrdering(say, typed, size);
      if (parsed.ordering) change(withRule(network, { ordering: parsed.ordering }));
      else update();
    });
  ordering.whole.classList.add("wide");
  const mistake = knobs.choice("Output mask", [">", "≥ (leaks)"], (sign) => change(withRule(network, { isStrict: sign === ">" })));
  const reset = knobs.button("Without edits", () => {
    state.typed = null;
    change(original);
    isEdited = !oracle;
    update();
  });
  const sampling = createSampling(stage, knobs, { say, size: () => size, update: () => update() });
  const editing = data.editable ? [ordering, mistake, reset, error] : [];
  const lab = createLab(stage, {
    kind: "mask-lab", name: "The network. Arrow keys move from unit to unit, Enter chooses an output.",
    knobs: [output, ...sampling.knobs, ...editing], redraw: () => pointing.look() });
  const tellTotal = createTotal(lab, say);
  const drawing = createDrawing(say, lab);
  networkLegend(lab, say, [["unseen", say("unseen")]]);
  const read = readNetwork(lab, () => facts, () => (isEdited ? `degrees = [${network.hidden.map((layer) => `torch.tensor([${layer.join(", ")}])`).join(", ")}]\n`
    + `armod.models.made.masks.masks(torch.tensor([${network.ordering.join(", ")}]), degrees)`
    : `armod.dependency_matrix(model)[${network.output}]`));
  const pointing = createNetwork(stage, {
    lab, drawing, say, state, facts: () => facts, hint: data.hint, choose: (unit) => change({ output: unit }) });
  if (data.editable) {
    createEditing(lab, drawing, {
      facts: () => facts,
      say,
      setDegree: (level, unit, degree) => change(withDegree(network, level, unit, between(0, degree, Math.max(0, size - 1))), true),
      toggle: (level, above, below) => change(withToggled(network, level, above, below), true),
    });
  }

  function fromKernel() {
    const [hidden, masks] = [live.get("degrees"), asRows(live.get("masks"))];
    return { ...original, ...network, ordering: live.get("ordering"), hidden, masks, output: live.get("output") };
  }

  function change(changes, keepsFocus = false) {
    isEdited ||= "masks" in changes;
    network = { ...network, ...changes };
    update(keepsFocus);
    live?.send({ ordering: network.ordering, degrees: network.hidden, masks: asText(network.masks), output: network.output });
  }

  function update(keepsFocus = false) {
    facts = networkFacts(network);
    if (!isEdited) {
      const seen = (variable, other) => ["seen", "leak"].includes(names[oracle[variable * size + other]]);
      facts.sees = facts.sees.map((row, variable) => row.map((_, other) => seen(variable, other)));
      Object.assign(facts, { oracle: true, counts: data.counts, kept: data.kept });
    }
    if (!data.editable) delete facts.paths;
    facts = sampling.on(facts);
    output.show(network.output + 1, `x${lowered(network.output + 1)}`, `output ${network.output + 1}`);
    const numbers = network.ordering.map((variable) => variable + 1).join(" ");
    const problem = state.typed === null ? undefined : parseOrdering(say, state.typed, size).error;
    put(error, "text", problem ? say("keeps", { problem, ordering: numbers }) : "");
    put(ordering.control, "aria-invalid", String(problem !== undefined));
    ordering.show(state.typed ?? numbers);
    mistake.show(network.isStrict ? ">" : "≥ (leaks)");
    lab.find(facts.pass?.finding ?? finding(say, facts));
    tellTotal(facts, isEdited ? undefined : data.verdict);
    if (!keepsFocus) pointing.enter();
    read();
    pointing.look();
  }

  live?.follow(["ordering", "degrees", "masks", "output"], () => {
    const told = fromKernel();
    if (JSON.stringify([told.ordering, told.hidden, told.masks, told.output])
      === JSON.stringify([network.ordering, network.hidden, network.masks, network.output])) return;
    isEdited ||= JSON.stringify(told.masks) !== JSON.stringify(network.masks);
    network = told;
    state.typed = null;
    update();
  });
  update();
}
