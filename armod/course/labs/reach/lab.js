// The unrolled network over the gradient at each lag; every number and word is looked up in Python's table.

const raised = (power) => (power < 0 ? "⁻" : "") + "⁰¹²³⁴⁵⁶⁷⁸⁹"[Math.abs(power)];

export function mount(stage, data, helpers) {
  const { element, put } = helpers;
  const state = { ...data.start };
  const turn = (name) => (value) => {
    state[name] = value;
    update();
  };
  const cells = Object.keys(data.cells);
  const lags = Object.values(data.states)[0].powers.length;
  const knobs = createKnobs(helpers);
  const cell = knobs.choice("Cell", Object.values(data.cells), (name) => {
    state.cell = cells.find((each) => data.cells[each] === name);
    update();
  });
  const scale = knobs.slider("Weight scale", 0, data.scales.length - 1, turn("scale"));
  const bias = knobs.slider("Gate bias", 0, data.gateBiases.length - 1, turn("bias"));
  const lag = knobs.slider("Lag k", 1, lags, turn("lag"));
  const lab = createLab(stage, helpers, {
    form: knobs.form(cell, scale, bias, lag), name: "The unrolled network, and the gradient at each lag", redraw: () => draw() });
  const sketch = createSketch(helpers, lab.svg);
  const rows = element("tbody");
  const reading = element("details", {}, element("summary", {}, "As a table, and in Python"),
    element("table", {}, element("caption", {}, "The gradient at each lag"), element("thead", {}, element("tr", {},
      ...["lag", "gradient, against lag 1", "factor per step"].map((text) => element("th", { scope: "col" }, text)))), rows),
    element("code"));
  stage.classList.add("reach-lab");
  stage.append(reading);
  let facts;
  let place;

  function update() {
    const gates = state.cell !== "rnn";
    facts = data.states[`${state.cell} ${state.scale} ${gates ? state.bias : 0}`];
    cell.show(data.cells[state.cell]);
    scale.show(state.scale, `× ${data.scales[state.scale]}`);
    bias.show(state.bias, gates ? String(data.gateBiases[state.bias]) : "no gates");
    bias.control.disabled = !gates;
    lag.show(state.lag);
    put(lab.title, "text", facts.finding);
    put(lab.detail, "text", sentence(state.lag));
    if (reading.open) read();
    draw();
  }

  function sentence(k) {
    return k === 1
      ? "Lag 1 is the input that was read last; its gradient is the measure of all others."
      : `Lag ${k} gets ${facts.words[k - 1]} the gradient of lag 1: on average each step back multiplies it by ${facts.factors[k - 1]}.`;
  }

  function read() {
    rows.replaceChildren(...facts.words.map((words, index) => element("tr", {},
      element("th", { scope: "row" }, String(index + 1)),
      element("td", {}, words.replace(/ of$/, "")), element("td", {}, facts.factors[index]))));
    const gate = state.cell === "rnn" ? "" : `, gate_bias=${data.gateBiases[state.bias]}`;
    reading.lastChild.textContent = `gradient_reach(random_recurrence("${state.cell}", scale=${data.scales[state.scale]}${gate}))`;
  }

  // Lag 1 stands at the right, below the output.
  function draw() {
    if (!facts) return;
    const { width } = lab;
    const narrow = width < 560;
    const [left, right] = [narrow ? 46 : 104, width - (narrow ? 14 : 66)];
    const step = (right - left) / lags;
    const radius = Math.min(8, 0.36 * step);
    const [output, states, inputs, top] = [22, 72, 122, 158];
    const unit = 22;
    const zero = top + data.most * unit;
    const foot = top + (data.most - data.least) * unit;
    const x = (k) => right - (k - 0.5) * step;
    place = { left, right, step };
    sketch.begin();
    sketch.rect(x(state.lag) - step / 2, states - 22, step, foot + 8 - states + 22, "column");
    for (const [power, name] of data.axis) {
      const y = zero - power * unit;
      sketch.line(left, y, right, y, power ? "grid" : "axis");
      sketch.text(left - 8, y, narrow ? `10${raised(power)}` : name, "end");
    }
    sketch.text(left - 8, states, narrow ? "h" : "states", "end level hidden");
    sketch.text(left - 8, inputs, narrow ? "x" : "inputs", "end level input");
    sketch.line(x(1), states, x(1), output, "wire");
    facts.powers.forEach((power, index) => {
      const k = index + 1;
      const kind = power > 0 ? "grows" : "shrinks";
      const thick = between(0.6, 6 + (power > 0 ? 1.4 : 1.5) * power, 2 * radius);
      if (k > 1) sketch.rect(x(k), states - thick / 2, step, thick, `wire-${kind}`);
      const down = k === state.lag ? thick : 1;
      sketch.rect(x(k) - down / 2, states, down, inputs - states, `wire-${kind}`);
    });
    facts.powers.forEach((power, index) => {
      const k = index + 1;
      const kind = power > 0 ? "grows" : "shrinks";
      const chosen = k === state.lag ? " chosen" : "";
      sketch.circle(x(k), states, radius, "unit state");
      sketch.circle(x(k), inputs, radius * (chosen ? 1.2 : 1), `unit read${chosen}`);
      sketch.line(x(k), zero, x(k), zero - power * unit, `stem-${kind}${chosen}`);
      sketch.circle(x(k), zero - power * unit, chosen ? 5.5 : 4, `end-${kind}${chosen}`);
      if (k === 1 || k % (narrow ? 8 : 4) === 0) sketch.text(x(k), foot + 18, String(k), "tick");
    });
    sketch.circle(x(1), output, Math.max(radius, 6), "unit out");
    sketch.text(x(1) + (narrow ? -14 : 14), output, "output", `level output ${narrow ? "end" : "start"}`);
    sketch.text((left + right) / 2, foot + 40, "lag k: steps back from the output", "name");
    sketch.end();
    put(lab.svg, "width", width);
    put(lab.svg, "height", foot + 54);
    put(lab.svg, "viewBox", `0 0 ${width} ${foot + 54}`);
  }

  const choose = ({ x }) => {
    state.lag = between(1, Math.ceil((place.right - x) / place.step), lags);
    update();
  };
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
