// Components of a discretized logistic mixture -> the mass of every level; the facts are those of facts.py.

// Of one logistic component: the mass of every bin, `beyond` of them on either side of the levels, and of both tails.
function componentMasses({ levels, beyond, means, cdf }, mean, scale) {
  const zero = (cdf[0].length - 1) / 2;
  const below = (end) => cdf[scale][zero + Math.round(2 * (end - means[mean]))];
  const above = (end) => cdf[scale][zero + Math.round(2 * (means[mean] - end))];
  // on the far side of the mean by the upper tail: a difference of two numbers near 1 would lose its digits
  const bin = (place) => (place > means[mean] ? above(place - 0.5) - above(place + 0.5) : below(place + 0.5) - below(place - 0.5));
  const raw = Array.from({ length: levels + 2 * beyond }, (_, index) => bin(index - beyond));
  const tails = [below(-0.5), above(levels - 0.5)];
  const masses = raw.slice(beyond, beyond + levels);
  masses[0] += tails[0];
  masses[levels - 1] += tails[1];
  return { raw, tails, masses };
}

function mixtureFacts(data, say, indices) {
  const { levels, means, scales, weights, counts } = data;
  const total = indices.reduce((sum, [, , weight]) => sum + weights[weight], 0);
  const parts = indices.map(([mean, scale, weight]) => {
    const share = weights[weight] / total;
    const [raw, tails, masses] = Object.values(componentMasses(data, mean, scale)).map((each) => each.map((mass) => share * mass));
    return { share, raw, tails, masses, mean: means[mean], scale: scales[scale] };
  });
  const sum = (values) => values.reduce((all, value) => all + value, 0);
  const probabilities = Array.from({ length: levels }, (_, level) => sum(parts.map(({ masses }) => masses[level])));
  const facts = { parts, probabilities };
  const seen = sum(counts);
  if (seen) {
    const shares = counts.map((count) => count / seen);
    const bits = (of) => -sum(shares.map((share, level) => (share ? share * Math.log2(of[level]) : 0)));
    const [cross, entropy] = [bits(probabilities), bits(shares)];
    facts.finding = say("finding_data", { bits: cross, gap: cross - entropy, entropy });
    facts.data = shares;
  } else facts.finding = say("finding", { first: probabilities[0], last: probabilities.at(-1) });
  const [low, high] = [0, 1].map((side) => sum(parts.map(({ tails }) => tails[side])));
  facts.detail = say("detail", { below: low, last: levels - 1, above: high, total: sum(probabilities) });
  facts.sentence = (level) => say(facts.data ? "level_data" : "level", {
    level, share: probabilities[level], parts: parts.map(({ masses }) => masses[level]), data: facts.data?.[level] });
  return facts;
}

export function mount(stage, data) {
  const say = createWords(data.words);
  const most = data.colours.length;
  const state = { number: 0, components: [], level: 0, looked: null };
  const set = (components) => {
    state.number = components.length;
    state.components = Array.from({ length: most }, (_, index) => [...(components[index] ?? data.examples["both edges and the middle"][index])]);
  };
  set(data.start);
  const named = () => Object.keys(data.examples).find((name) => `${data.examples[name]}` === `${state.components.slice(0, state.number)}`);
  const knobs = createKnobs();
  const example = knobs.choice("Start from", [...Object.keys(data.examples), "own"], (name) => {
    if (name in data.examples) set(data.examples[name]);
    update();
  });
  example.whole.classList.add("wide");
  const number = knobs.slider("Components", 1, most, turning(state, update)("number"));
  const fit = knobs.button("Fit to the data", () => {
    const masses = data.means.map((_, mean) => data.scales.map((_, scale) => componentMasses(data, mean, scale).masses));
    const used = state.components.slice(0, state.number);
    set(fittedMixture(data.fit, masses, data.weights, facts.data, used));
    update();
  });
  fit.whole.hidden = !data.counts.length;
  const each = state.components.map((_, index) => ["means", "scales", "weights"].map((kind, place) => {
    const name = ["Mean", "Scale", "Weight"][place];
    return knobs.slider(`${name} ${index + 1}`, 0, data[kind].length - 1, (value) => { state.components[index][place] = value; update(); });
  }));
  const rows = each.map((sliders, index) => element("div", { class: `component component-${index}` }, ...sliders.map(({ whole }) => whole)));
  const lab = createLab(stage, {
    kind: "mixture-lab", name: "The probability of every level. Arrow keys move from level to level.",
    knobs: [example, number, fit, ...rows], redraw: draw });
  const name = uniqueName("hatch");
  const hatches = svgElement("defs", {}, ...data.colours.map((colour, index) => svgElement("pattern",
    { id: `${name}-${index}`, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svgElement("rect", { width: 1.6, height: 5, fill: colour }))));
  const back = svgElement("g", { "aria-hidden": "true" });
  const columns = svgElement("g");
  lab.svg.append(hatches, back, columns);
  const sketch = createSketch(back);
  const cells = Array.from({ length: data.levels }, () => columns.appendChild(svgElement("rect", {
    class: "level", role: "img", "data-lm-suppress-shortcuts": "true" })));
  const read = lab.reading("As a table, and in Python", {
    caption: "The probability of every level",
    columns: ["level", "probability"],
    rows: () => facts.probabilities.map((mass, level) => [String(level), fixed(mass, 6)]),
    code: () => {
      const half = (data.levels - 1) / 2;
      const list = (values) => `torch.tensor([${values.join(", ")}])`;
      const [shares, means, scales] = ["share", "mean", "scale"].map((name) => facts.parts.map((part) => part[name]));
      return `armod.likelihoods.DiscretizedLogisticMixture(${list(shares.map((share) => fixed(share, 4)))}.log(), `
        + `(${list(means)} - ${half}) / ${half}, (${list(scales)} / ${half}).log(), num_levels=${data.levels}).probs`;
    },
  });
  let facts;

  function update() {
    const used = state.components.slice(0, state.number);
    facts = mixtureFacts(data, say, used);
    example.show(named() ?? "own");
    number.show(state.number);
    each.forEach((sliders, index) => {
      rows[index].hidden = index >= state.number;
      const [mean, scale, weight] = state.components[index];
      sliders[0].show(mean, fixed(data.means[mean], 1));
      sliders[1].show(scale, String(data.scales[scale]));
      sliders[2].show(weight, index < state.number ? `${fixed(100 * facts.parts[index].share, 0)}%` : String(data.weights[weight]));
    });
    lab.find(facts.finding);
    cells.forEach((cell, level) => put(cell, "aria-label", facts.sentence(level)));
    look();
    draw();
    read();
  }

  const look = () => lab.tell(state.looked === null
    ? `${facts.detail} ${say("hint")}` : `${facts.sentence(state.looked)}.`);

  function draw() {
    const { width } = lab;
    const [left, right, top, height] = [52, width - 8, facts.data ? 30 : 12, width < 560 ? 220 : 290];
    const foot = top + height;
    const step = (right - left) / (data.levels + 2 * data.beyond);
    const x = (place) => left + (place + data.beyond) * step;
    const highest = Math.max(...facts.probabilities, ...(facts.data ?? []));
    const roof = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.001].find((limit) => highest <= limit) ?? 1;
    const tall = (mass) => (mass / roof) * (height - 6);
    const hatch = (index) => `fill: url(#${name}-${index}); stroke: ${data.colours[index]}`;
    sketch.begin();
    sketch.rect(left, top, data.beyond * step, height, "beyond");
    sketch.rect(x(data.levels), top, data.beyond * step, height, "beyond");
    for (const share of [0.25, 0.5, 0.75, 1]) {
      const y = foot - tall(share * roof);
      sketch.line(left, y, right, y, "grid");
      sketch.text(left - 6, y, `${fixed(100 * share * roof, roof < 0.4 ? 1 : 0)}%`, "end");
    }
    const heights = new Array(data.levels + 2 * data.beyond).fill(0);
    const stack = (place, mass, style) => {
      const y = foot - tall(heights[place + data.beyond] + mass);
      sketch.rect(x(place) + 0.07 * step, y, 0.86 * step, tall(mass), "bar", { style });
      heights[place + data.beyond] += mass;
    };
    facts.parts.forEach(({ raw }, index) => raw.forEach((mass, place) => {
      const level = place - data.beyond;
      if (tall(mass) > 0.3) stack(level, mass, level < 0 || level >= data.levels ? hatch(index) : `fill: ${data.colours[index]}`);
    }));
    facts.parts.forEach(({ tails }, index) => tails.forEach((mass, side) => {
      if (tall(mass) > 0.3) stack(side ? data.levels - 1 : 0, mass, hatch(index));
    }));
    if (facts.data) {
      const outline = facts.data.map((share, level) => `${x(level).toFixed(1)} ${(foot - tall(share)).toFixed(1)}H${x(level + 1).toFixed(1)}`);
      sketch.path(`M${outline.join("L")}`, "data");
      sketch.text(x(data.levels / 2), top - 16, "outline: histogram of the data", "strong");
    }
    sketch.line(left, foot, right, foot, "axis");
    const every = step < 14 ? 8 : 4;
    for (let level = 0; level < data.levels; level++)
      if (level % every === 0 || level === data.levels - 1) sketch.text(x(level + 0.5), foot + 14, String(level), "tick");
    sketch.text((left + right) / 2, foot + 33, "level", "name");
    sketch.text(x(-data.beyond / 2), foot + 33, "below", "name");
    sketch.text(x(data.levels + data.beyond / 2), foot + 33, "above", "name");
    sketch.end();
    cells.forEach((cell, level) => {
      put(cell, "x", x(level).toFixed(1));
      put(cell, "y", String(top));
      put(cell, "width", step.toFixed(1));
      put(cell, "height", String(height));
      put(cell, "tabindex", level === state.level ? "0" : "-1");
    });
    lab.resize(foot + 46);
  }

  onLook(stage, columns, cells, state, { look, draw });
  update();
}
