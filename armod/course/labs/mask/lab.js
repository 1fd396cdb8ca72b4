// The lab: knobs, the finding, the drawing, and a table for those who prefer to read.

export async function mount(stage, data) {
  const say = createWords(data.words);
  const table = await readTable(data);
  const state = { ...data.start, own: null, typed: null, hovered: null, focused: null };
  state.sizes = Array.from({ length: data.maxLayers }, (_, index) => state.layers[index] ?? state.layers.at(-1));
  state.depth = state.layers.length;
  const orderingOf = (named) => data.orderings[named][data.variables.indexOf(state.size)];
  state.named = Object.keys(data.orderings).find((named) => `${orderingOf(named)}` === `${state.ordering}`) ?? "own";
  if (state.named === "own") state.own = state.ordering;

  // What the hand has changed of the tabled network; any other knob than the chosen output takes it back.
  let edited = null;
  const knobs = createKnobs();
  const turn = (name) => (value) => {
    if (name !== "output") edited = null;
    turning(state, update)(name)(value);
  };
  const size = knobs.slider("Variables", data.variables[0], data.variables.at(-1), (number) => {
    // A good ordering is fitted to the new size, and comes back with the old one; a bad one stays to be mended.
    if (state.typed !== null && parseOrdering(say, state.typed, state.size).ordering) state.typed = null;
    turn("size")(number);
  });
  const output = knobs.slider("Chosen output", 1, data.variables.at(-1), (number) => turn("output")(number - 1));
  const depth = knobs.slider("Hidden layers", 1, data.maxLayers, turn("depth"));
  const sizes = state.sizes.map((_, index) =>
    knobs.slider(`Units in layer ${index + 1}`, 0, data.sizes.length - 1, (place) => {
      state.sizes[index] = data.sizes[place];
      edited = null;
      update();
    }));
  const degrees = knobs.choice("Hidden degrees", ["random", "sequential"], turn("degrees"));
  const seeds = data.draws.filter((draw) => draw !== "sequential");
  const seed = knobs.slider("Seed of the degrees", seeds[0], seeds.at(-1), turn("seed"));
  const ordering = knobs.choice("Ordering", [...Object.keys(data.orderings), "own"], turn("named"));
  const error = element("p", { class: "error", id: uniqueName("error"), role: "alert" });
  const own = knobs.text("The ordering, or type your own",
    { inputmode: "numeric", autocomplete: "off", spellcheck: "false", "aria-describedby": error.id }, (typed) => {
      state.named = "own";
      turn("typed")(typed);
    });
  own.whole.classList.add("wide");
  const mistake = knobs.choice("Output mask", [">", "≥ (leaks)"], (sign) => edit(withRule(network(), { isStrict: sign === ">" })));
  const reset = knobs.button("Without edits", () => edit(null));
  const sampling = createSampling(stage, knobs, { say, size: () => state.size, update: () => update() });
  const lab = createLab(stage, {
    kind: "mask-lab", name: "The network. Arrow keys move from unit to unit, Enter chooses an output.",
    knobs: [size, output, depth, ...sizes, degrees, seed, mistake, reset, ...sampling.knobs, ordering, own, error], redraw: () => pointing.look() });
  const tellTotal = createTotal(lab, say);
  const drawing = createDrawing(say, lab);
  networkLegend(lab, say);
  const read = readNetwork(lab, () => facts, () => {
    if (edited) return say("edited_code");
    const kind = state.degrees === "random" ? `"random", seed=${state.seed}` : `"sequential"`;
    return `armod.MADE((${facts.size},), [${facts.masks.slice(1).map((mask) => mask[0].length).join(", ")}], `
      + `likelihood=armod.likelihoods.Bernoulli(), ordering=[${facts.ordering.join(", ")}], degrees=${kind})`;
  });
  let facts;
  const pointing = createNetwork(stage, {
    lab, drawing, say, state, facts: () => facts, hint: `${say("hint")} ${say("edit_hint")}`, choose: (unit) => turn("output")(unit) });
  createEditing(lab, drawing, {
    facts: () => facts,
    say,
    setDegree: (level, unit, degree) => edit(withDegree(network(), level, unit, between(0, degree, Math.max(0, facts.size - 1))), true),
    toggle: (level, above, below) => edit(withToggled(network(), level, above, below), true),
  });

  // The network that is shown, as editing.js has it.
  function network() {
    const { ordering, degrees, masks } = facts;
    return { isStrict: true, ...edited, ordering, hidden: degrees.slice(1, -1), masks };
  }

  function edit(changed, keepsFocus = false) {
    edited = changed;
    update(keepsFocus);
  }

  // The ordering in use: a named one, or the last valid one that was typed, fitted to the number of variables.
  function currentOrdering() {
    if (state.named !== "own") return orderingOf(state.named);
    const parsed = state.typed === null ? {} : parseOrdering(say, state.typed, state.size);
    if (parsed.ordering) state.own = parsed.ordering;
    return fitted(state.own ?? orderingOf("natural"), state.size);
  }

  function update(keepsFocus = false) {
    const output = Math.min(state.output, state.size - 1);
    const tabled = () => maskFacts(table, {
      ordering: currentOrdering(),
      layers: state.sizes.slice(0, state.depth),
      draw: state.degrees === "random" ? state.seed : "sequential",
      output,
    });
    facts = sampling.on(edited ? networkFacts({ ...edited, output }) : withPaths(tabled()));
    if (!keepsFocus) pointing.enter();
    lab.find(facts.pass?.finding ?? finding(say, facts));
    tellTotal(facts);
    show();
    read();
    pointing.look();
  }

  function show() {
    size.show(state.size);
    output.control.max = state.size;
    output.show(facts.output + 1, `x${lowered(facts.output + 1)}`, `output ${facts.output + 1}`);
    depth.show(state.depth);
    sizes.forEach((each, index) => {
      each.whole.hidden = index >= state.depth;
      each.show(data.sizes.indexOf(state.sizes[index]), String(state.sizes[index]));
    });
    degrees.show(state.degrees);
    seed.show(state.seed);
    seed.control.disabled = state.degrees !== "random";
    ordering.show(state.named);
    mistake.show(edited?.isStrict === false ? "≥ (leaks)" : ">");
    reset.control.disabled = edited === null;
    const numbers = facts.ordering.map((variable) => variable + 1).join(" ");
    const typed = state.named === "own" ? state.typed : null;
    const problem = typed === null ? undefined : parseOrdering(say, typed, state.size).error;
    put(error, "text", problem ? say("keeps", { problem, ordering: numbers }) : "");
    put(own.control, "aria-invalid", String(problem !== undefined));
    // A typed text stays as it is, right or wrong.
    own.show(typed ?? numbers);
  }

  update();
}
