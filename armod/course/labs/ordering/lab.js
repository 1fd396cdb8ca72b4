// The explorer: knobs, the finding, the drawing, and a table for those who prefer to read.

export function mount(stage, data) {
  const say = createWords(data.words);
  // `kept`: the pattern that stays while the ordering changes, or null when each ordering draws its own.
  const state = { ...data.start, kept: null };
  const size = data.orderings[0].length;
  const turn = (name) => (value) => {
    player.stop();
    turning(state, update)(name)(value);
  };
  const knobs = createKnobs();
  const ordering = knobs.slider("Ordering", 1, data.orderings.length, (number) => turn("ordering")(number - 1));
  const noise = knobs.slider("Uniform numbers", 1, data.noise.length, (number) => turn("noise")(number - 1));
  const step = knobs.slider("Pixels known", 0, size, turn("step"));
  const player = createPlayer(stage, { state, name: "step", last: () => size, pause: 1100, update });
  const keep = element("input", { type: "checkbox", id: uniqueName("keep") });
  keep.addEventListener("input", () => turn("kept")(keep.checked ? data.patterns[state.ordering][state.noise] : null));
  const keeping = element("div", { class: "keep" }, keep, element("label", { for: keep.id }, "Keep this pattern in every ordering"));
  const lab = createLab(stage, { kind: "ordering-explorer", name: "", knobs: [ordering, noise, step, player, keeping], redraw: update });
  const draw = createDrawing(say, lab);
  const read = lab.reading("As a table", {
    caption: "The steps taken",
    columns: ["pixel", "conditional", "uniform number", "value", "factor", "log p so far"],
    rows: () => facts.steps.slice(0, state.step).map(({ pixel, conditional, uniform, value, factor, soFar }) =>
      [nameOf(pixel), conditional, uniform === null ? "kept" : fixed(uniform, 3), value, factor, soFar]),
  });
  lab.tell(say("hint"));
  let facts;

  function update() {
    const pattern = state.kept ?? data.patterns[state.ordering][state.noise];
    facts = orderingFacts(data, say, { ...state, pattern, noise: state.kept ? null : state.noise });
    const { order, finding } = facts;
    ordering.show(state.ordering + 1, order.map(nameOf).join(" "), `pixels ${order.map((pixel) => pixel + 1).join(", ")}`);
    noise.show(state.noise + 1, `row ${state.noise + 1}`);
    noise.control.disabled = state.kept !== null;
    step.show(state.step, `${state.step} of ${size}`);
    keep.checked = state.kept !== null;
    player.show();
    lab.find(finding);
    put(lab.svg, "aria-label", finding);
    read();
    draw(facts);
  }

  update();
}
