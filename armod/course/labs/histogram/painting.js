// Twelve pixels to paint: how many training digits share their cell, and what MADE says of them. As painted.py has it.

// Numbers in half precision, from their bits.
function halves(bytes) {
  return Float64Array.from(new Uint16Array(bytes.buffer), (bits) => {
    const [sign, power, part] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    return sign * (power ? 2 ** (power - 15) * (1 + part / 1024) : 2 ** -14 * (part / 1024));
  });
}

// Log-probability of the first `count` levels by a MADE of one hidden layer; `numbers` are its weights and biases.
function madeLogProb(numbers, { units, variables, numLevels }, levels, count) {
  const inputs = variables * numLevels;
  const [first, second] = [0, units * (inputs + 1)];
  const hidden = Array.from({ length: units }, (_, unit) => Math.max(0, levels.reduce(
    (sum, level, variable) => sum + numbers[first + unit * inputs + variable * numLevels + level], numbers[first + units * inputs + unit])));
  let total = 0;
  for (let variable = 0; variable < count; variable += 1) {
    const logits = Array.from({ length: numLevels }, (_, level) => {
      const row = variable * numLevels + level;
      return hidden.reduce((sum, value, unit) => sum + value * numbers[second + row * units + unit], numbers[second + inputs * units + row]);
    });
    const most = Math.max(...logits);
    total += logits[levels[variable]] - most - Math.log(logits.reduce((sum, each) => sum + Math.exp(each - most), 0));
  }
  return total;
}

// Log-probability by counting, and the number of digits in the same cell.
function countedLogProb(train, stride, levels, { bins, variables, numLevels, smoothing }) {
  const binOf = (level) => Math.floor(level * bins / numLevels);
  const own = levels.slice(0, variables).map(binOf);
  let count = 0;
  for (let start = 0; start < train.length; start += stride) if (own.every((bin, at) => binOf(train[start + at]) === bin)) count += 1;
  const total = Math.log(train.length / stride + smoothing * bins ** variables);
  return { count, logProb: Math.log(count + smoothing) - total - variables * Math.log(numLevels / bins) };
}

// The pad below the drawing, its knobs and its sentences. `ask` gives count and both log-probabilities of twelve levels.
function createPainting(stage, knobs, { data, say, starts, ask, changed }) {
  const state = { levels: [...starts(0)], digit: 1, ink: data.numLevels - 1, at: 0, before: null };
  const [rows, columns, side] = [3, 4, 44];
  const digit = knobs.slider("Start from test digit", 1, data.numTest, (value) => {
    Object.assign(state, { digit: value, levels: [...starts(value - 1)], before: null });
    changed();
  });
  const ink = knobs.slider("Ink", 0, data.numLevels - 1, (value) => { state.ink = value; show(); });
  const title = element("p", { class: "painted", "aria-live": "polite" });
  const detail = element("p", { class: "nudged" });
  const pad = svgElement("svg", { class: "armod-pad", width: columns * side, height: rows * side, role: "group", "aria-label": say("pad") });
  const cells = state.levels.map((_, index) => pad.appendChild(svgElement("rect", {
    x: (index % columns) * side + 1, y: Math.floor(index / columns) * side + 1, width: side - 2, height: side - 2,
    role: "button", "data-lm-suppress-shortcuts": "true", "aria-label": String(index) })));
  const names = cells.map((_, index) => pad.appendChild(svgElement("text", {
    x: (index % columns + 0.5) * side, y: (Math.floor(index / columns) + 0.5) * side, "aria-hidden": "true" })));
  stage.append(title, element("div", { class: "painting" }, pad, element("div", {}, digit.whole, ink.whole, detail)));

  function setLevel(index, level) {
    const next = between(0, level, data.numLevels - 1);
    state.at = index;
    if (next !== state.levels[index]) {
      state.before = { ...ask(state.levels), index, level: state.levels[index] };
      state.levels[index] = next;
    }
    changed();
  }

  function show() {
    const { variables, train } = data.setting();
    const now = ask(state.levels);
    digit.show(state.digit);
    ink.show(state.ink, `level ${state.ink}`);
    const nats = (logProb) => -logProb / variables;
    put(title, "text", say("painted", { count: now.count, train, made: nats(now.made), counted: nats(now.logProb) }));
    const { before } = state;
    const moved = before && before.index < variables;
    put(detail, "text", (moved ? `${say("nudged", { pixel: before.index + 1, from: before.level, to: state.levels[before.index],
      was: before.count, count: now.count, factor: Math.exp(now.made - before.made) })} ` : "") + say("paint_hint"));
    state.levels.forEach((level, index) => {
      const isOut = index >= variables;
      put(cells[index], "class", isOut ? "pixel out" : "pixel");
      put(cells[index], "style", `fill: color-mix(in srgb, var(--armod-ink) ${Math.round(100 * level / (data.numLevels - 1))}%, white)`);
      put(cells[index], "aria-label", say(isOut ? "pixel_out" : "pixel", {
        row: Math.floor(index / columns) + 3, column: (index % columns) + 3, level, most: data.numLevels - 1 }));
      put(cells[index], "tabindex", index === state.at ? "0" : "-1");
      put(names[index], "text", String(level));
      put(names[index], "class", 2 * level >= data.numLevels && index < variables ? "light" : "");
    });
  }

  const cellAt = ({ x, y }) => (x < 0 || y < 0 || x >= columns * side || y >= rows * side ? null
    : Math.floor(y / side) * columns + Math.floor(x / side));
  const paint = (at) => { const index = cellAt(at); if (index !== null) setLevel(index, state.ink); };
  onDrag(pad, { start: (at) => { paint(at); return true; }, move: paint });
  pad.addEventListener("focusin", ({ target }) => { state.at = Math.max(0, cells.indexOf(target)); });
  pad.addEventListener("keydown", (event) => {
    const walk = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const nudge = { "+": 1, "=": 1, "-": -1 }[event.key];
    if (walk && cells[state.at + walk]) {
      state.at += walk;
      show();
      cells[state.at].focus();
    } else if (nudge) setLevel(state.at, state.levels[state.at] + nudge);
    else if (event.key === "Enter" || event.key === " ") setLevel(state.at, state.ink);
    else if (!walk) return;
    event.preventDefault();
  });
  return { show, levels: () => state.levels };
}
