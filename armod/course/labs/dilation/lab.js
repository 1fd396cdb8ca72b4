// The stack, one output, and what it depends on; every set of places is looked up in Python's table.

export async function mount(stage, data, live) {
  const say = createWords(data.words);
  let own;
  await takeNumbers();
  const kindsAt = (at) => Array.from({ length: data.length }, (_, sample) => own.names[own.bytes[at * data.length + sample]]);
  const state = { ...data.start, ...data.setting };
  if (live) Object.assign(state, { output: live.get("output"), frame: live.get("frame") });
  let facts;
  let place;
  const turn = (name) => (value) => {
    player.stop();
    turning(state, update)(name)(value);
  };
  const knobs = createKnobs();
  const pattern = knobs.choice("Dilations", Object.keys(data.patterns), turn("pattern"));
  const layers = knobs.slider("Layers", 1, Object.values(data.patterns)[0].length, turn("layers"));
  const kernel = knobs.slider("Kernel", data.kernels[0], data.kernels.at(-1), turn("kernel"));
  const output = knobs.slider("Output", 1, own ? data.length - 1 : data.length, turn("output"));
  const frame = knobs.slider("Frame", 0, state.layers, turn("frame"));
  // with a kernel any dilations: typed, and taken over by Enter or by leaving the field
  const typed = knobs.text("Dilations", { inputmode: "numeric", autocomplete: "off", spellcheck: "false" }, () => {});
  typed.whole.classList.add("wide");
  typed.control.addEventListener("change", () => {
    const numbers = typed.control.value.split(/[\s,;]+/).filter(Boolean).map(Number);
    const fits = numbers.length >= 1 && numbers.length <= 12 && numbers.every((each) => Number.isInteger(each) && each >= 1 && each <= 64);
    typed.control.setAttribute("aria-invalid", String(!fits));
    if (fits) live.send({ dilations: numbers });
  });
  const taps = knobs.slider("Taps", 1, 5, (count) => live.send({ kernel_size: count }));
  const player = createPlayer(stage, { state, name: "frame", last: () => state.layers, pause: 900, update });
  pattern.whole.classList.add("wide");
  const lab = createLab(stage, {
    kind: "dilation-lab", name: "Layers of units above the samples, and lines from one output to what it depends on",
    knobs: [...(own ? [] : [pattern, layers, kernel]), ...(live ? [typed, taps] : []), output, frame, player], redraw: draw });
  const count = own && createKinds(stage, lab, own.kinds);
  if (own) addVerdict(lab, own);
  const sketch = createSketch(lab.svg);
  const read = lab.reading("As a table, and in Python", {
    caption: "What the output depends on",
    columns: ["row", "steps back from the output"],
    rows: () => {
      const names = ["output", ...dilations().reverse().slice(1).map((each) => `units of dilation ${each}`), "samples"];
      return facts.ancestry.slice(0, state.frame + 1).map((places, row) => [names[row], places.join(", ")]);
    },
    code: () => own ? `armod.dependency_matrix(model)[model.ordering[${state.output}]]` : `armod.WaveNet((${data.length + 1},), 2, dilations=[${dilations().join(", ")}], `
      + `kernel_size=${state.kernel}, likelihood=armod.likelihoods.Bernoulli()).receptive_field`,
  });
  const dilations = () => data.patterns[state.pattern].slice(0, state.layers);

  // Of a model of one's own: what each conditional sees, as the oracle found it. The kernel sends it again.
  async function takeNumbers() {
    if (live) data = { ...data, ...live.get("_numbers") };
    own = data.own && { ...data.own, bytes: await unpack(data.own.matrix), names: Object.keys(data.own.kinds) };
  }

  function update() {
    state.frame = between(0, state.frame, state.layers);
    facts = data.states[`${state.pattern} ${state.layers} ${state.kernel}`];
    pattern.show(state.pattern);
    if (live) {
      typed.show(live.get("dilations").join(", "));
      taps.show(live.get("kernel_size"));
      const told = { output: state.output, frame: state.frame };
      if (Object.entries(told).some(([name, value]) => live.get(name) !== value)) live.send(told);
    }
    layers.show(state.layers);
    kernel.show(state.kernel, `${state.kernel} taps`);
    output.show(state.output, `at sample ${state.output}`);
    put(frame.control, "max", state.layers);
    frame.show(state.frame, `${state.frame} of ${state.layers}`);
    player.show();
    lab.find(facts.finding);
    if (own) count(Object.fromEntries(own.names.map((kind) => [kind, kindsAt(state.output).filter((each) => each === kind).length])));
    lab.tell(sentence());
    read();
    draw();
  }

  function sentence() {
    const { frame: down, output: at, layers: depth } = state;
    const places = facts.ancestry[down];
    // places before the beginning of a model of one's own are only counted
    const all = facts.counts?.[down] ?? places.length;
    return say(down ? "frame" : "frame_first", {
      output: at, next: at + 1, dilation: dilations().at(-down), places: all, below: depth - down,
      before: all - places.filter((steps) => steps < at).length });
  }

  // Sample 1 stands at the left; the samples are the lowest row.
  function draw() {
    const { width } = lab;
    const narrow = width < 620;
    const [left, right] = [narrow ? 34 : 96, width - 14];
    const unit = (right - left) / data.length;
    const radius = Math.min(6, 0.4 * unit);
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
    const all = [...Array(data.length).keys()].map((index) => index + 1);
    const lit = facts.ancestry.map((places) => places.map((steps) => state.output - steps));

    sketch.begin();
    for (let row = 0; row < state.layers; row++) {
      sketch.path(all.flatMap((column) => taps(row).map((steps) => edge(column, row, steps))).join(""), "wire");
    }
    for (let row = 0; row <= state.layers; row++) sketch.path(dots(all, row, radius), "unit");
    for (let row = 0; row < state.frame; row++) {
      const inside = lit[row].filter((column) => column >= 1);
      const kind = row === state.frame - 1 ? "path newest" : "path";
      sketch.path(inside.flatMap((column) => taps(row).map((steps) => edge(column, row, steps))).join(""), kind);
    }
    for (let row = 0; row <= state.frame; row++) {
      const kind = row === 0 ? "output" : row === state.layers ? "sample" : "hidden";
      sketch.path(dots(lit[row].filter((column) => column >= 1), row, Number((1.15 * radius).toFixed(1))), `lit ${kind}`);
    }
    for (let row = 0; row <= state.layers; row++) {
      const isBottom = row === state.layers;
      const name = isBottom ? "samples" : `dilation ${dilations().at(-1 - row)}`;
      sketch.text(left - 10, y(row), narrow ? (isBottom ? "x" : String(dilations().at(-1 - row))) : name,
        `end row${isBottom ? " input" : row < state.frame ? " read" : ""}`);
    }
    const isLeft = x(state.output) < width / 2;
    sketch.text(x(state.output) + (isLeft ? -radius : radius), top - 24, say("predicts", { next: state.output + 1 }),
      `${isLeft ? "start" : "end"} strong`);
    if (own) drawStrip(x, unit, foot + 12);
    if (state.frame === state.layers) bracket(x, unit, foot + strip + 14, left, right, narrow);
    for (const column of [1, ...all.filter((each) => each % (narrow ? 16 : 8) === 0)])
      sketch.text(x(column), foot + strip + 74, String(column), "tick");
    sketch.text((left + right) / 2, foot + strip + 94, own?.axis ?? "sample", "name");
    sketch.end();
    lab.resize(foot + strip + 106);
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
    const half = narrow ? 125 : 205;
    const middle = between(left + half, (from + to) / 2, right - half);
    sketch.text(middle, top + 22, narrow ? `field ${facts.field}` : say("field", facts), "strong field");
    const reached = facts.oracle.filter((steps) => steps < state.output).length;
    const seen = own ? kindsAt(state.output).filter((kind) => kind === "seen").length : reached;
    sketch.text(middle, top + 40, say("oracle", { seen, before: (facts.counts?.at(-1) ?? facts.oracle.length) - reached }), "oracle");
  }

  const choose = ({ x }) => turn("output")(between(1, Math.ceil((x - place.left) / place.unit), data.length));
  onDrag(lab.svg, {
    start(at) {
      choose(at);
      return true;
    },
    move: choose,
  });
  live?.follow(["_numbers"], async () => {
    await takeNumbers();
    Object.assign(state, data.setting);
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
