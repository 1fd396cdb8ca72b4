// The diagram of one step with its numbers, and the input, the gates and the states of all steps beside it.

export function mount(stage, data) {
  const say = createWords(data.words);
  const every = [...new Set(Object.values(data.gates).flat())];
  const state = { step: data.start.step };
  const take = (name) => {
    const { cell, inputs, biases, flips, weight } = data.examples[name];
    // a gate that this cell does not have keeps its bias for the other cell
    Object.assign(state, { cell, inputs, weight, biases: { ...state.biases, ...biases }, flips: structuredClone(flips) });
  };
  state.biases = Object.fromEntries(every.map((name) => [name, 2]));
  take(data.start.example);
  const named = () => Object.keys(data.examples).find((name) => {
    const { cell, inputs, weight, biases, flips } = data.examples[name];
    return cell === state.cell && inputs === state.inputs && weight === state.weight
      && data.gates[cell].every((gate) => biases[gate] === state.biases[gate] && `${flips[gate] ?? ""}` === `${state.flips[gate] ?? ""}`);
  });
  const knobs = createKnobs();
  const player = createPlayer(stage, { state: clock(), name: "index", last: () => data.steps - 1, pause: 350, update });
  // The player counts from 0, people count steps from 1.
  function clock() {
    return { get index() { return state.step - 1; }, set index(value) { state.step = value + 1; } };
  }
  const example = knobs.choice("Start from", [...Object.keys(data.examples), "own"], (name) => {
    if (name in data.examples) take(name);
    update();
  });
  example.whole.classList.add("wide");
  const cell = knobs.choice("Cell", Object.keys(data.gates).map((name) => name.toUpperCase()), (name) => {
    state.cell = name.toLowerCase();
    update();
  });
  const inputs = knobs.choice("Input", Object.keys(data.inputs), turning(state, update)("inputs"));
  const gates = Object.fromEntries(every.map((name) => [name,
    knobs.slider(`${name[0].toUpperCase()}${name.slice(1)} gate`, 0, data.biases.length - 1, (value) => {
      state.biases[name] = data.biases[value];
      update();
    })]));
  const weight = knobs.slider("Weight U", 0, data.weights.length - 1, (value) => {
    state.weight = data.weights[value];
    update();
  });
  const step = knobs.slider("Step", 1, data.steps, (value) => { player.stop(); state.step = value; update(); });
  const lab = createLab(stage, {
    kind: "gates-lab", name: "The cell, and its steps. Arrow keys move from gate to gate.",
    knobs: [example, cell, inputs, ...Object.values(gates), weight, step, player], redraw: draw });
  const [below, grid, above] = [svgElement("g", { "aria-hidden": "true" }), svgElement("g"), svgElement("g", { "aria-hidden": "true" })];
  lab.svg.append(below, grid, above);
  const [back, front] = [createSketch(below), createSketch(above)];
  const most = Math.max(...Object.values(data.gates).map((names) => names.length));
  const cells = Array.from({ length: most * data.steps }, (_, index) => grid.appendChild(svgElement("rect", {
    class: "gate", role: "button", "data-lm-suppress-shortcuts": "true", "aria-label": `${index}` })));
  lab.legend([["around", say("around")], ["through", say("through")], ["flipped", say("flip")], ["now", say("at")]]);
  const read = lab.reading("As a table", {
    caption: "One unit, step by step",
    columns: ["step", "input", "gates", "new value", "c", "h"],
    rows: () => facts.moments.map((now, index) => [String(index + 1), fixed(now.x, 2),
      Object.entries(now.gates).map(([name, value]) => `${name} ${fixed(value, 3)}`).join(", "), fixed(now.new, 3),
      state.cell === "lstm" ? fixed(now.c, 3) : "–", fixed(now.h, 3)]),
  });
  let facts;
  let looked = 0;
  let plot = { left: 0, step: 1, top: 0, foot: 1 };

  function update() {
    facts = gatesFacts(data, say, state, state.step);
    example.show(named() ?? "own");
    cell.show(state.cell.toUpperCase());
    inputs.show(state.inputs);
    const names = data.gates[state.cell];
    for (const [name, knob] of Object.entries(gates)) {
      knob.whole.hidden = !names.includes(name);
      const bias = state.biases[name];
      knob.show(data.biases.indexOf(bias), fixed(openGate(bias), 2), `${fixed(openGate(bias), 2)}, bias ${fixed(bias, 1)}`);
    }
    weight.show(data.weights.indexOf(state.weight), fixed(state.weight, 2));
    step.show(state.step);
    player.show();
    lab.find(facts.finding);
    lab.tell(`${facts.detail} ${say("hint")}`);
    looked = Math.min(looked, names.length * data.steps - 1);
    cells.forEach((rect, index) => {
      const [row, at] = [Math.floor(index / data.steps), index % data.steps];
      rect.classList.toggle("flipped", isFlipped(names[row], at + 1));
      put(rect, "display", row < names.length ? null : "none");
      if (row >= names.length) return;
      put(rect, "aria-label", say(isFlipped(names[row], at + 1) ? "flipped" : "gate",
        { gate: names[row], step: at + 1, value: facts.moments[at].gates[names[row]] }));
      put(rect, "aria-pressed", String(isFlipped(names[row], at + 1)));
    });
    draw();
    read();
  }

  const isFlipped = (name, at) => state.flips[name]?.includes(at) ?? false;
  function flip(name, at) {
    const flips = state.flips[name] ?? [];
    state.flips[name] = flips.includes(at) ? flips.filter((each) => each !== at) : [...flips, at].sort((a, b) => a - b);
    state.step = at;
    player.stop();
    update();
  }

  function draw() {
    const isBeside = lab.width >= 760;
    const wide = isBeside ? 0.44 * lab.width : Math.min(lab.width, 480);
    back.begin();
    front.begin();
    const tall = drawCell(0, 0, wide / data.width);
    const left = isBeside ? wide + 84 : 66;
    const foot = drawSteps(left, isBeside ? 8 : tall + 24, lab.width - 12);
    back.end();
    front.end();
    lab.resize(Math.max(tall, foot) + 8);
  }

  // The diagram of the chosen step, `scale` pixels to a unit; gives its height.
  function drawCell(dx, dy, scale) {
    const diagram = data.diagrams[state.cell];
    const { values } = facts;
    const at = ([x, y]) => [dx + x * scale, dy + y * scale];
    const carried = [state.cell === "lstm" ? values.c_before : values.h_before, values.kept, values.c];
    let part = 0;
    const paths = diagram.wires.map(([points, isAround]) => [points.map(at), isAround]);
    for (const [points, isAround] of paths) {
      const thick = isAround ? 1.6 + 7 * Math.min(1, Math.abs(carried[part++])) : 1.3;
      back.path(`M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`, isAround ? "wire around" : "wire",
        { style: `stroke-width: ${thick.toFixed(2)}` });
      // the arrow's head, along the last piece of the wire
      const [[x0, y0], [x1, y1]] = points.slice(-2);
      const long = Math.hypot(x1 - x0, y1 - y0) || 1;
      const [u, v] = [(x1 - x0) / long, (y1 - y0) / long];
      const size = isAround ? 5 + thick / 2 : 4;
      back.path(`M${(x1 + u).toFixed(1)} ${(y1 + v).toFixed(1)}L${(x1 - 1.6 * size * u - size * v).toFixed(1)} ${(y1 - 1.6 * size * v + size * u).toFixed(1)}`
        + `L${(x1 - 1.6 * size * u + size * v).toFixed(1)} ${(y1 - 1.6 * size * v - size * u).toFixed(1)}z`, isAround ? "head around" : "head");
    }
    for (const [place, isAround] of diagram.joints) back.circle(...at(place), 4.5 * scale, isAround ? "joint around" : "joint");
    for (const [place, sign, isAround] of diagram.operations) {
      back.circle(...at(place), 18 * scale, isAround ? "operation around" : "operation");
      back.text(...at(place), sign, "strong");
    }
    for (const [place, name, number] of diagram.boxes) {
      const [x, y] = at(place);
      const [width, height] = number ? [68 * scale, Math.max(27, 48 * scale)] : [36 * scale, 34 * scale];
      back.rect(x - width / 2, y - height / 2, width, height, "part", { rx: 4 });
      back.text(x, number ? y - 6 : y, name, "small");
      if (number) back.text(x, y + 7, fixed(values[number], 2), "number");
    }
    for (const [place, name, number] of diagram.ends) {
      const [x, y] = at(place);
      const inside = between(16, x, lab.width - 16);
      if (name) back.text(inside, y - 6, name, "small");
      back.text(inside, y + (name ? 7 : 0), fixed(values[number], 2), "number");
    }
    return diagram.height * scale;
  }

  // Input, gates and states over all steps; gives the height at which they end.
  function drawSteps(left, top, right) {
    const names = data.gates[state.cell];
    const one = (right - left) / data.steps;
    const x = (at) => left + (at - 0.5) * one;
    const row = 24;
    const [inputTop, inputTall, stateTall] = [top + 6, 50, 116];
    const gateTop = inputTop + inputTall + 14;
    const stateTop = gateTop + names.length * row + 26;
    const foot = stateTop + stateTall;
    plot = { left, one, top: inputTop, foot, gateTop, row, rows: names.length };
    back.rect(x(state.step) - one / 2, inputTop, one, foot - inputTop, "now");
    const middle = inputTop + inputTall / 2;
    facts.moments.forEach((now, index) => {
      const tall = (now.x / 2) * (inputTall / 2);
      back.rect(x(index + 1) - 0.35 * one, middle - Math.max(0, tall), 0.7 * one, Math.abs(tall), "input");
    });
    back.line(left, middle, right, middle, "axis");
    back.text(left - 8, middle, "x", "end strong");
    names.forEach((name, number) => back.text(left - 8, gateTop + (number + 0.5) * row, name, "end"));
    cells.forEach((rect, index) => {
      const [line, at] = [Math.floor(index / data.steps), index % data.steps];
      put(rect, "tabindex", index === looked ? "0" : "-1");
      if (line >= names.length) return;
      put(rect, "x", (left + at * one + 1).toFixed(1));
      put(rect, "y", (gateTop + line * row + 2).toFixed(1));
      put(rect, "width", (one - 2).toFixed(1));
      put(rect, "height", String(row - 4));
      put(rect, "style", `fill: color-mix(in srgb, var(--armod-input) ${(100 * facts.moments[at].gates[names[line]]).toFixed(1)}%, white)`);
    });
    const reach = [1, 2, 4, 8, 16, 32].find((limit) => facts.moments.every(({ c }) => Math.abs(c) <= limit));
    const y = (value) => stateTop + stateTall / 2 - (value / reach) * (stateTall / 2 - 6);
    for (const tick of [-reach, 0, reach]) {
      back.line(left, y(tick), right, y(tick), tick ? "grid" : "axis");
      back.text(left - 8, y(tick), fixed(tick, 0), "end");
    }
    const lines = state.cell === "lstm" ? [["c", "memory"], ["h", "state"]] : [["h", "state"]];
    for (const [name, kind] of lines) {
      const points = facts.moments.map((now, index) => [x(index + 1), y(now[name])]);
      front.path(`M${points.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L")}`, kind);
      points.forEach(([px, py]) => front.circle(px, py, 2.6, `of-${kind}`));
    }
    lines.forEach(([name, kind], number) => {
      front.line(left + 6 + number * 116, stateTop - 11, left + 26 + number * 116, stateTop - 11, kind);
      front.text(left + 32 + number * 116, stateTop - 11, `${kind} ${name}`, "start");
    });
    for (const at of [1, 5, 10, 15, 20]) back.text(x(at), foot + 12, String(at), "tick");
    back.text((left + right) / 2, foot + 29, "step", "name");
    return foot + 40;
  }

  // A click on a gate flips it there; anywhere else it chooses the step, which a drag then moves.
  const stepAt = ({ x }) => between(1, Math.ceil((x - plot.left) / plot.one), data.steps);
  const choose = (at) => { player.stop(); state.step = stepAt(at); update(); };
  onDrag(lab.svg, {
    start(at) {
      if (at.x < plot.left || at.y < plot.top || at.y > plot.foot) return false;
      const row = Math.floor((at.y - plot.gateTop) / plot.row);
      if (row >= 0 && row < plot.rows) {
        return false; // a click, which a finger that scrolls does not make
      }
      choose(at);
      return true;
    },
    move: choose,
    isSideways: true,
  });
  grid.addEventListener("click", ({ target }) => {
    const index = cells.indexOf(target);
    if (index < 0) return;
    looked = index;
    flip(data.gates[state.cell][Math.floor(index / data.steps)], 1 + (index % data.steps));
  });
  grid.addEventListener("keydown", (event) => {
    const index = cells.indexOf(event.target);
    const names = data.gates[state.cell];
    const [row, at] = [Math.floor(index / data.steps), index % data.steps];
    if (event.key === "Enter" || event.key === " ") flip(names[row], at + 1);
    else {
      const walk = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!walk) return;
      looked = between(0, row + walk[0], names.length - 1) * data.steps + between(0, at + walk[1], data.steps - 1);
      draw();
      cells[looked].focus();
    }
    event.preventDefault();
  });
  update();
}
