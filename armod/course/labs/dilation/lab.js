// The stack, one output, and what it depends on; or one step of generation, and what it computes.

export async function mount(stage, data, live) {
  const say = createWords(data.words);
  let own;
  await takeNumbers();
  const kindsAt = (at) => Array.from({ length: data.length }, (_, sample) => own.names[own.bytes[at * data.length + sample]]);
  const modes = ["paths", "cached", "naive"];
  const state = { mode: "paths", rate: data.rates[1], typed: null, ...data.start };
  if (live) Object.assign(state, { output: live.get("output"), frame: live.get("frame") });
  // dilations of layers that were taken away come back with them
  state.all = [...data.start.dilations];
  state.layers = state.all.length;
  const canEdit = !own || Boolean(live);
  const patterns = data.patterns ?? {};
  const dilations = () => state.all.slice(0, state.layers);
  const fits = (name) => dilations().every((each, layer) => each === patterns[name][layer % patterns[name].length]);
  // several patterns begin alike: the one that was chosen, if it fits
  const patternName = () => [state.pattern, ...Object.keys(patterns)].find((name) => name in patterns && fits(name));
  const lastOutput = () => (own ? data.length - 1 : columns());
  // as many samples as the field needs
  const columns = () => (own ? data.length : between(data.columns[0], 8 * Math.ceil((facts.field + 4) / 8), data.columns[1]));
  let facts = dilationFacts(say, dilations(), state.kernel);
  let place;
  const turn = (name) => (value) => {
    stop();
    turning(state, update)(name)(value);
  };
  const change = (all, layers = all.length, typed = null) => {
    stop();
    Object.assign(state, { all: [...all, ...state.all.slice(all.length)], layers, typed });
    update();
  };
  const parsed = (text) => parseDilations(text, data.mostLayers, data.mostDilation);
  const knobs = createKnobs();
  const pattern = knobs.choice("Start from", [...Object.keys(patterns), say("own_list")], (name) => {
    const base = patterns[name];
    state.pattern = name;
    if (base) change(Array.from({ length: data.mostLayers }, (_, layer) => base[layer % base.length]), state.layers);
    else update();
  });
  const error = element("p", { class: "error", id: uniqueName("error"), role: "alert" });
  const typed = knobs.text("Dilations", { inputmode: "numeric", autocomplete: "off", spellcheck: "false", "aria-describedby": error.id }, (text) => {
    const numbers = parsed(text);
    if (numbers) change(numbers, numbers.length, text);
    else turn("typed")(text);
  });
  // a typed text stays as it is, right or wrong, while it is typed
  typed.control.addEventListener("blur", () => {
    if (state.typed !== null && parsed(state.typed)) turn("typed")(null);
  });
  const layers = knobs.slider("Layers", 1, data.mostLayers, (count) => {
    const name = patternName();
    const next = (layer) => (name ? patterns[name][layer % patterns[name].length] : state.all.at(-1));
    change(Array.from({ length: count }, (_, layer) => state.all[layer] ?? next(layer)), count);
  });
  const kernel = knobs.slider("Kernel", data.kernels[0], data.kernels.at(-1), turn("kernel"));
  const each = Array.from({ length: canEdit ? data.mostLayers : 0 }, (_, layer) => knobs.slider(`Layer ${layer + 1}`, 1, data.mostDilation, (value) =>
    change(state.all.map((dilation, index) => (index === layer ? value : dilation)), state.layers)));
  const mode = knobs.choice("Show", modes.map((name) => say(`mode_${name}`)), (name) =>
    turn("mode")(modes.find((each) => say(`mode_${each}`) === name)));
  const rates = data.rates.map((each) => each.toLocaleString("en"));
  const rate = knobs.choice("Samples a second", rates, (name) => turn("rate")(data.rates[rates.indexOf(name)]));
  const output = knobs.slider("Output", 1, own ? data.length - 1 : data.columns[1], turn("output"));
  const frame = knobs.slider("Frame", 0, state.layers, turn("frame"));
  const player = createPlayer(stage, { state, name: "frame", last: () => state.layers, pause: 900, update });
  // a player counts from 0
  const clock = { get index() { return state.output - 1; }, set index(value) { state.output = value + 1; } };
  const generator = createPlayer(stage, { state: clock, name: "index", last: () => lastOutput() - 1, pause: 500, update });
  const stop = () => { player.stop(); generator.stop(); };
  pattern.whole.classList.add("wide");
  for (const knob of [typed, mode]) knob.whole.classList.add("wide");
  const shown = [mode, rate, output, frame, player, generator];
  const lab = createLab(stage, {
    kind: "dilation-lab", name: "Layers of units above the samples, and lines from one output to what it depends on",
    knobs: [...(own ? [] : [pattern]), ...(canEdit ? [typed, layers, kernel, ...each, error] : []), ...shown], redraw: draw });
  const count = own && createKinds(stage, lab, own.kinds);
  if (own) addVerdict(lab, own);
  const keys = ["output", "hidden", "sample", "missed", "cached", "again"];
  lab.legend(keys.map((kind) => [`unit-${kind}`, say(`key_${kind}`)]));
  const sketch = createSketch(lab.svg);
  const rowNames = () => ["output", ...dilations().reverse().slice(1).map((each) => `units of dilation ${each}`), "samples"];
  const reads = [lab.reading("As a table, and in Python", {
    caption: "Steps back from the output",
    columns: ["row", say("key_hidden")],
    rows: () => facts.ancestry.slice(0, state.frame + 1).map((places, row) => [rowNames()[row], places.join(", ")]),
    code: () => own ? `armod.dependency_matrix(model)[model.ordering[${state.output}]]` : `armod.WaveNet((${columns() + 1},), 2, dilations=[${dilations().join(", ")}], `
      + `kernel_size=${state.kernel}, likelihood=armod.likelihoods.Bernoulli()).receptive_field`,
  }), lab.reading(say("reading_costs"), {
    caption: say("costs_caption"),
    columns: ["row", ...["cached", "kept", "naive", "again"].map((each) => say(`costs_${each}`))],
    rows: () => {
      const costs = facts.costs(state.output);
      const all = costs.reduce((sum, row) => sum.map((each, column) => each + row[column]));
      return [...costs.map((row, index) => [rowNames()[index], ...row]), [say("costs_all"), ...all]];
    },
  })];

  // Of a model of one's own: what each conditional sees, as the oracle found it. The kernel sends it again.
  async function takeNumbers() {
    if (live) data = { ...data, ...live.get("_numbers") };
    own = data.own && { ...data.own, bytes: await unpack(data.own.matrix), names: Object.keys(data.own.kinds) };
  }

  function update() {
    const wasLast = state.output === lastOutput();
    facts = dilationFacts(say, dilations(), state.kernel);
    state.output = wasLast && !own ? lastOutput() : between(1, state.output, lastOutput());
    state.frame = between(0, state.frame, state.layers);
    if (live) tell();
    show();
    const isPaths = state.mode === "paths";
    const step = isPaths ? {} : facts.generation(state.output, state.mode === "naive");
    lab.find(step.finding ?? own?.finding ?? facts.title(state.output));
    if (own) count(Object.fromEntries(own.names.map((kind) => [kind, kindsAt(state.output).filter((each) => each === kind).length])));
    lab.tell(step.detail ?? facts.sentence(state.frame, state.output) + facts.gaps(state.frame));
    for (const read of reads) read();
    draw();
  }

  function tell() {
    const told = { output: state.output, frame: state.frame };
    if (`${live.get("dilations")}` !== `${dilations()}` || live.get("kernel_size") !== state.kernel)
      Object.assign(told, { dilations: dilations(), kernel_size: state.kernel });
    if (Object.entries(told).some(([name, value]) => `${live.get(name)}` !== `${value}`)) live.send(told);
  }

  function show() {
    const isPaths = state.mode === "paths";
    const isWrong = state.typed !== null && !parsed(state.typed);
    if (!own) pattern.show(patternName() ?? say("own_list"));
    typed.show(state.typed ?? dilations().join(", "));
    put(typed.control, "aria-invalid", String(isWrong));
    put(error, "text", isWrong ? say("typing", { most: data.mostLayers, highest: data.mostDilation, typed: state.typed }) : "");
    layers.show(state.layers);
    kernel.show(state.kernel, `${state.kernel} ${state.kernel === 1 ? "tap" : "taps"}`);
    each.forEach((knob, layer) => {
      knob.whole.hidden = layer >= state.layers;
      if (layer < state.layers) knob.show(state.all[layer], `dilation ${state.all[layer]}`);
    });
    mode.show(say(`mode_${state.mode}`));
    rate.show(state.rate.toLocaleString("en"));
    put(output.control, "max", lastOutput());
    output.show(state.output, `at sample ${state.output}`);
    frame.whole.hidden = player.whole.hidden = !isPaths;
    generator.whole.hidden = isPaths;
    put(frame.control, "max", state.layers);
    frame.show(state.frame, `${state.frame} of ${state.layers}`);
    player.show();
    generator.show();
  }

  // Sample 1 stands at the left; the samples are the lowest row.
  function draw() {
    const { width } = lab;
    const narrow = width < 620;
    const length = columns();
    const [left, right] = [narrow ? 34 : 96, width - 14];
    const unit = (right - left) / length;
    const radius = Math.min(7, 0.4 * unit);
    const gap = between(18, 460 / state.layers, 46);
    const strip = own ? 24 : 0;
    const [top, foot] = [44, 44 + gap * state.layers];
    const x = (column) => left + (column - 0.5) * unit;
    const y = (row) => top + gap * row;
    const taps = (row) => [...Array(state.kernel).keys()].map((tap) => tap * dilations().at(-1 - row));
    place = { left, unit };
    // The line from a place to one further back and a row lower; what lies before the beginning is cut off there.
    const edge = (column, row, steps) => {
      const share = column - steps >= 0.5 ? 1 : (column - 0.5) / steps;
      return `M${x(column).toFixed(1)} ${y(row)}L${x(column - share * steps).toFixed(1)} ${(y(row) + share * gap).toFixed(1)}`;
    };
    const dots = (columns, row, size) => columns.map((column) => `M${(x(column) - size).toFixed(1)} ${y(row)}`
      + `a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0`).join("");
    const large = Number((1.15 * radius).toFixed(1));
    const all = [...Array(length).keys()].map((index) => index + 1);
    const inside = (places) => places.map((steps) => state.output - steps).filter((column) => column >= 1);

    sketch.begin();
    for (let row = 0; row < state.layers; row++) {
      sketch.path(all.flatMap((column) => taps(row).map((steps) => edge(column, row, steps))).join(""), "wire");
    }
    for (let row = 0; row <= state.layers; row++) sketch.path(dots(all, row, Number(radius.toFixed(1))), "unit");
    if (state.mode === "paths") {
      for (let row = 0; row < state.frame; row++) {
        const kind = row === state.frame - 1 ? "path newest" : "path";
        sketch.path(inside(facts.ancestry[row]).flatMap((column) => taps(row).map((steps) => edge(column, row, steps))).join(""), kind);
      }
      for (let row = 0; row <= state.frame; row++) {
        const kind = row === 0 ? "output" : row === state.layers ? "sample" : "hidden";
        sketch.path(dots(inside(facts.ancestry[row]), row, large), `lit ${kind}`);
      }
      if (state.frame === state.layers) sketch.path(dots(inside(facts.missed), state.layers, large), "missed");
    } else drawStep(inside, edge, taps, dots, large);
    for (let row = 0; row <= state.layers; row++) {
      const isBottom = row === state.layers;
      const name = isBottom ? "samples" : `dilation ${dilations().at(-1 - row)}`;
      sketch.text(left - 10, y(row), narrow ? (isBottom ? "x" : String(dilations().at(-1 - row))) : name,
        `end row${isBottom ? " input" : state.mode === "paths" && row < state.frame ? " read" : ""}`);
    }
    const isLeft = x(state.output) < width / 2;
    sketch.text(x(state.output) + (isLeft ? -radius : radius), top - 24, say("predicts", { next: state.output + 1 }),
      `${isLeft ? "start" : "end"} strong`);
    if (own) drawStrip(x, unit, foot + 12);
    const isComplete = state.mode === "paths" && state.frame === state.layers;
    if (isComplete) bracket(x, unit, foot + strip + 14, left, right, narrow);
    for (const column of [1, ...all.filter((each) => each % (narrow && length > 32 ? 16 : 8) === 0)])
      sketch.text(x(column), foot + strip + 74, String(column), "tick");
    sketch.text((left + right) / 2, foot + strip + 94, own?.axis ?? say("axis"), "name");
    sketch.text(lab.width / 2, foot + strip + 114, facts.lasts(state.rate), "lasts");
    sketch.end();
    lab.resize(foot + strip + 126);
  }

  // The newest column, what it reads, and what was computed before: kept in queues, or computed again.
  function drawStep(inside, edge, taps, dots, large) {
    const isNaive = state.mode === "naive";
    const before = facts.before(isNaive);
    for (let row = 0; row < state.layers; row++) {
      const from = isNaive ? inside(facts.ancestry[row]) : [state.output];
      sketch.path(from.flatMap((column) => taps(row).map((steps) => edge(column, row, steps))).join(""), "path");
    }
    for (let row = 0; row <= state.layers; row++) {
      sketch.path(dots(inside(before[row]), row, large), `lit ${isNaive ? "again" : "cached"}`);
      if (isNaive && row === state.layers) sketch.path(dots(inside(facts.ancestry[row].slice(1)), row, large), "lit sample");
      sketch.path(dots([state.output], row, large), "lit output");
    }
  }

  // What the oracle found, a square for each sample.
  function drawStrip(x, unit, top) {
    const kinds = kindsAt(state.output);
    kinds.forEach((kind, index) => sketch.rect(x(index + 1) - unit / 2 + 0.5, top, unit - 1, 14, kind));
    sketch.text(x(1) - unit / 2 - 4, top + 7, lab.width < 620 ? "" : "the oracle", "end strong");
  }

  function bracket(x, unit, top, left, right, narrow) {
    const [from, to] = [Math.max(left, x(state.output - facts.field + 1) - unit / 2), x(state.output) + unit / 2];
    sketch.path(`M${from.toFixed(1)} ${top}v7H${to.toFixed(1)}v-7`, "bracket");
    const half = narrow ? 150 : 205;
    const middle = right - left > 2 * half ? between(left + half, (from + to) / 2, right - half) : lab.width / 2;
    sketch.text(middle, top + 22, narrow ? `field ${facts.field}` : say("field", facts), "strong field");
    sketch.text(middle, top + 40, own ? found() : facts.reached(state.output), "oracle");
  }

  function found() {
    const seen = kindsAt(state.output).filter((kind) => kind === "seen").length;
    return say("oracle", { seen, before: facts.ancestry.at(-1).filter((steps) => steps >= state.output).length });
  }

  onSlide(lab.svg, ({ x }) => turn("output")(between(1, Math.ceil((x - place.left) / place.unit), lastOutput())));
  live?.follow(["_numbers"], async () => {
    await takeNumbers();
    Object.assign(state, { all: [...data.start.dilations], layers: data.start.dilations.length, kernel: data.start.kernel });
    update();
  });
  live?.follow(["output", "frame"], () => {
    const told = { output: live.get("output"), frame: live.get("frame") };
    if (told.output === state.output && told.frame === state.frame) return;
    Object.assign(state, told);
    update();
  });
  update();
}
