// The unrolled network over the gradient at each lag; every number and word is looked up in Python's table.

export async function mount(stage, data) {
  const say = createWords(data.words);
  const states = JSON.parse(new TextDecoder().decode(await unpack(data.states)));
  const state = { ...data.start };
  const turn = turning(state, update);
  const cells = Object.keys(data.cells);
  const lags = Object.values(states)[0].powers.length;
  const knobs = createKnobs();
  const cell = knobs.choice("Cell", Object.values(data.cells), (name) =>
    turn("cell")(cells.find((each) => data.cells[each] === name)));
  const scale = knobs.slider("Weight scale", 0, data.scales.length - 1, turn("scale"));
  const bias = knobs.slider("Gate bias", 0, data.gateBiases.length - 1, turn("bias"));
  const lag = knobs.slider("Lag k", 1, lags, turn("lag"));
  const lab = createLab(stage, {
    kind: "reach-lab", name: "The unrolled network, and the gradient at each lag", knobs: [cell, scale, bias, lag], redraw: draw });
  const sketch = createSketch(lab.svg);
  const read = lab.reading("As a table, and in Python", {
    caption: "The gradient at each lag",
    columns: ["lag", "gradient, against lag 1", "factor per step"],
    rows: () => facts.words.map((words, index) => [String(index + 1), words.replace(/ of$/, ""), facts.factors[index]]),
    code: () => {
      const gate = state.cell === "rnn" ? "" : `, gate_bias=${data.gateBiases[state.bias]}`;
      return `gradient_reach(random_recurrence("${state.cell}", scale=${data.scales[state.scale]}${gate}))`;
    },
  });
  const recall = createRecall(stage, knobs, {
    data, say, setting: () => ({ cell: state.cell, bias: state.cell === "rnn" ? 0 : data.gateBiases[state.bias] }) });
  let facts;
  let place;

  function update() {
    const gates = state.cell !== "rnn";
    facts = states[`${state.cell} ${state.scale} ${gates ? state.bias : 0}`];
    cell.show(data.cells[state.cell]);
    scale.show(state.scale, `× ${data.scales[state.scale]}`);
    bias.show(state.bias, gates ? String(data.gateBiases[state.bias]) : "no gates");
    bias.control.disabled = !gates;
    lag.show(state.lag);
    lab.find(facts.finding);
    lab.tell(say(state.lag === 1 ? "lag_first" : "lag", {
      lag: state.lag, words: facts.words[state.lag - 1], factor: facts.factors[state.lag - 1] }));
    read();
    recall.show();
    draw();
  }

  // Lag 1 stands at the right, below the output.
  function draw() {
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
    lab.resize(foot + 54);
  }

  onSlide(lab.svg, ({ x }) => turn("lag")(between(1, Math.ceil((place.right - x) / place.step), lags)));
  update();
}
