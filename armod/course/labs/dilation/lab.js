// The stack, one output, and what it depends on; every set of places is looked up in Python's table.

const PAUSE = 900;

export function mount(stage, data, helpers) {
  const { element, put } = helpers;
  const state = { ...data.start };
  let facts;
  let clock = null;
  let place;
  const turn = (name) => (value) => {
    pause();
    state[name] = value;
    update();
  };
  const knobs = createKnobs(helpers);
  const pattern = knobs.choice("Dilations", Object.keys(data.patterns), turn("pattern"));
  const layers = knobs.slider("Layers", 1, Object.values(data.patterns)[0].length, turn("layers"));
  const kernel = knobs.slider("Kernel", data.kernels[0], data.kernels.at(-1), turn("kernel"));
  const output = knobs.slider("Output", 1, data.length, turn("output"));
  const frame = knobs.slider("Frame", 0, state.layers, turn("frame"));
  const back = knobs.button("← Back", () => step(-1));
  const forth = knobs.button("Step →", () => step(1));
  const play = knobs.button("Play", () => (clock === null ? start() : pause(), update()));
  pattern.whole.classList.add("wide");
  const buttons = element("div", { class: "buttons" }, back.control, forth.control, play.control);
  const lab = createLab(stage, helpers, {
    form: knobs.form(pattern, layers, kernel, output, frame, buttons),
    name: "Layers of units above the samples, and lines from one output to what it depends on", redraw: () => draw() });
  const sketch = createSketch(helpers, lab.svg);
  const rows = element("tbody");
  const reading = element("details", {}, element("summary", {}, "As a table, and in Python"),
    element("table", {}, element("caption", {}, "What the output depends on"), element("thead", {}, element("tr", {},
      ...["row", "steps back from the output"].map((text) => element("th", { scope: "col" }, text)))), rows),
    element("code"));
  stage.classList.add("dilation-lab");
  stage.append(reading);

  function pause() {
    clearInterval(clock);
    clock = null;
  }
  function start() {
    if (state.frame === state.layers) state.frame = 0;
    clock = setInterval(() => {
      // A page that took the lab away also stops its clock.
      if (state.frame < state.layers && stage.isConnected) state.frame += 1;
      if (state.frame === state.layers || !stage.isConnected) pause();
      update();
    }, PAUSE);
  }
  function step(by) {
    pause();
    state.frame += by;
    update();
  }

  function update() {
    state.frame = between(0, state.frame, state.layers);
    facts = data.states[`${state.pattern} ${state.layers} ${state.kernel}`];
    pattern.show(state.pattern);
    layers.show(state.layers);
    kernel.show(state.kernel, `${state.kernel} taps`);
    output.show(state.output, `at sample ${state.output}`);
    put(frame.control, "max", state.layers);
    frame.show(state.frame, `${state.frame} of ${state.layers}`);
    back.control.disabled = state.frame === 0;
    forth.control.disabled = state.frame === state.layers;
    put(play.control, "text", clock === null ? "Play" : "Pause");
    put(lab.title, "text", facts.finding);
    put(lab.detail, "text", sentence());
    if (reading.open) read();
    draw();
  }

  const dilations = () => data.patterns[state.pattern].slice(0, state.layers);

  // As DilationFacts.sentence writes it; a test holds the two against each other.
  function sentence() {
    const { frame: down, output: at, layers: depth } = state;
    if (down === 0) return `Output ${at} predicts sample ${at + 1}. On which samples does it depend?`;
    const places = facts.ancestry[down];
    const kind = down === depth ? "samples" : "units of the layer below";
    const before = places.filter((steps) => steps >= at).length;
    return `Through the layer with dilation ${dilations().at(-down)} it depends on ${places.length} ${kind}.`
      + (before ? ` Of these places ${before} ${before === 1 ? "lies" : "lie"} before the beginning: zeros.` : "");
  }

  function read() {
    const names = ["output", ...dilations().reverse().slice(1).map((each) => `units of dilation ${each}`), "samples"];
    rows.replaceChildren(...facts.ancestry.slice(0, state.frame + 1).map((places, row) => element("tr", {},
      element("th", { scope: "row" }, names[row]), element("td", {}, places.join(", ")))));
    reading.lastChild.textContent = `armod.WaveNet((${data.length + 1},), 2, dilations=[${dilations().join(", ")}], `
      + `kernel_size=${state.kernel}, likelihood=armod.likelihoods.Bernoulli()).receptive_field`;
  }

  // Sample 1 stands at the left; the samples are the lowest row.
  function draw() {
    if (!facts) return;
    const { width } = lab;
    const narrow = width < 620;
    const [left, right] = [narrow ? 34 : 96, width - 14];
    const unit = (right - left) / data.length;
    const radius = Math.min(6, 0.4 * unit);
    const gap = 46;
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
    sketch.text(x(state.output) + (isLeft ? -radius : radius), top - 24, `predicts sample ${state.output + 1}`,
      `${isLeft ? "start" : "end"} strong`);
    if (state.frame === state.layers) bracket(x, unit, foot + 14, left, right, narrow);
    for (const column of [1, ...all.filter((each) => each % (narrow ? 16 : 8) === 0)])
      sketch.text(x(column), foot + 74, String(column), "tick");
    sketch.text((left + right) / 2, foot + 94, "sample", "name");
    sketch.end();
    put(lab.svg, "width", width);
    put(lab.svg, "height", foot + 106);
    put(lab.svg, "viewBox", `0 0 ${width} ${foot + 106}`);
  }

  function bracket(x, unit, top, left, right, narrow) {
    const [from, to] = [Math.max(left, x(state.output - facts.field + 1) - unit / 2), x(state.output) + unit / 2];
    sketch.path(`M${from.toFixed(1)} ${top}v7H${to.toFixed(1)}v-7`, "bracket");
    const half = narrow ? 125 : 205;
    const middle = between(left + half, (from + to) / 2, right - half);
    sketch.text(middle, top + 22, narrow ? `field ${facts.field}` : `receptive field: ${facts.formula}`, "strong field");
    sketch.text(middle, top + 40, `the oracle finds ${facts.oracle}`, "oracle");
  }

  const choose = ({ x }) => turn("output")(between(1, Math.ceil((x - place.left) / place.unit), data.length));
  onDrag(lab.svg, {
    start(at) {
      choose(at);
      return true;
    },
    move: choose,
  });
  reading.addEventListener("toggle", read);
  update();
}
