// A bell q that is dragged against a source p, what every level adds to either divergence, and the loss in its parts.

export function mount(stage, data) {
  const say = createWords(data.words);
  const state = { ...data.start, level: 0, looked: null };
  const turn = turning(state, update);
  const knobs = createKnobs();
  const places = ["where I put it", ...data.ways.map((way) => `least KL(${way})`)];
  const held = knobs.choice("q is", places, (name) => turn("held")([null, 0, 1][places.indexOf(name)]));
  // whoever turns q by hand takes it away from the minimum
  const own = (name) => (value) => { state.held = null; turn(name)(value); };
  const mean = knobs.slider("Mean of q", 0, data.means.length - 1, own("mean"));
  const width = knobs.slider("Width of q", 0, data.widths.length - 1, own("width"));
  const share = knobs.slider("Second heap of p", 0, data.shares.length - 1, turn("share"));
  const distance = knobs.slider("Distance of heaps", 0, data.distances.length - 1, turn("distance"));
  const lab = createLab(stage, {
    kind: "kl-lab", name: "p and q, level by level. Arrow keys move from level to level.",
    knobs: [held, mean, width, share, distance], redraw: draw });
  const back = svgElement("g", { "aria-hidden": "true" });
  const columns = svgElement("g");
  lab.svg.append(back, columns);
  const sketch = createSketch(back);
  const cells = Array.from({ length: data.levels }, () => columns.appendChild(svgElement("rect", {
    class: "level", role: "img", "data-lm-suppress-shortcuts": "true" })));
  lab.legend([["p", say("p")], ["q", say("q")], ["entropy", say("entropy")], ["forward", "KL(p‖q)"], ["reverse", "KL(q‖p)"]]);
  const read = lab.reading("As a table, and in Python", {
    caption: "What each level adds, in nats",
    columns: ["level", "p", "q", say("forward_term"), say("reverse_term")],
    rows: () => facts.p.map((mass, level) => [String(level),
      ...[mass, facts.q[level], facts.terms[0][level], facts.terms[1][level]].map((number) => fixed(number, 6))]),
    code: () => {
      const list = (values) => `torch.tensor([${values.map((value) => value.toPrecision(6)).join(", ")}])`;
      return `p, q = ${list(facts.p)}, ${list(facts.q)}; (p * (p / q).log()).sum(), (q * (q / p).log()).sum()`;
    },
  });
  let facts;
  let plot = { left: 0, right: 1, top: 0, foot: 1 };

  function update() {
    if (state.held !== null) [state.mean, state.width] = data.least[state.held][state.share][state.distance];
    const at = { mean: data.means[state.mean], width: data.widths[state.width], share: data.shares[state.share],
      distance: data.distances[state.distance], held: state.held };
    facts = klFacts(data, say, at);
    held.show(places[state.held === null ? 0 : state.held + 1]);
    mean.show(state.mean, fixed(at.mean, 2));
    width.show(state.width, fixed(at.width, 1));
    share.show(state.share, `${at.share}%`);
    distance.show(state.distance);
    lab.find(facts.finding);
    cells.forEach((cell, level) => put(cell, "aria-label", facts.sentence(level)));
    look();
    draw();
    read();
  }

  const look = () => lab.tell(state.looked === null
    ? `${facts.detail} ${say("hint")}` : `${facts.sentence(state.looked)}.`);

  function draw() {
    const narrow = lab.width < 560;
    const [left, right, top] = [narrow ? 46 : 62, lab.width - 10, 10];
    const [tall, low] = [narrow ? 170 : 210, 74];
    const foot = top + tall;
    const under = foot + 46;
    const bottom = under + 2 * (low + 26);
    const step = (right - left) / data.levels;
    const x = (level) => left + (level + 0.5) * step;
    // a bell that the edge cuts off is higher than others
    const peak = peakOf();
    const roof = Math.max(data.highest, 1.05 * peak);
    const y = (mass) => foot - (mass / roof) * tall;
    plot = { left, right, top, foot, step };
    sketch.begin();
    for (const mass of roof > 0.3 ? [0.1, 0.2, 0.3, 0.4] : [0.05, 0.1, 0.15, 0.2, 0.25]) {
      sketch.line(left, y(mass), right, y(mass), "grid");
      sketch.text(left - 6, y(mass), `${fixed(100 * mass, 0)}%`, "end");
    }
    facts.p.forEach((mass, level) => sketch.rect(x(level) - 0.43 * step, y(mass), 0.86 * step, foot - y(mass), "p"));
    sketch.path(`M${facts.q.map((mass, level) => `${x(level).toFixed(1)} ${y(mass).toFixed(1)}`).join("L")}`, "q");
    sketch.circle(x(data.means[state.mean]), y(peak), 7, "at");
    sketch.line(left, foot, right, foot, "axis");
    const every = narrow ? 8 : 4;
    for (let level = 0; level < data.levels; level += every) sketch.text(x(level), foot + 13, String(level), "tick");
    facts.terms.forEach((terms, way) => {
      const ceiling = under + way * (low + 26);
      const most = Math.max(data.leastTerms, ...terms, ...terms.map((term) => -3 * term));
      const zero = ceiling + low * 0.75;
      const height = (term) => (term / most) * low * 0.75;
      terms.forEach((term, level) => sketch.rect(x(level) - 0.43 * step, zero - Math.max(0, height(term)), 0.86 * step,
        Math.abs(height(term)), way ? "reverse" : "forward"));
      sketch.line(left, zero, right, zero, "axis");
      sketch.line(left, ceiling, right, ceiling, "grid");
      sketch.text(left - 6, ceiling, fixed(most, most < 10 ? 2 : 0), "end");
      sketch.text(left - 6, zero, "0", "end");
      sketch.text(left, ceiling - 11, way ? say("reverse_terms", { sum: facts.reverse }) : say("forward_terms", { sum: facts.forward }), "start");
    });
    bars(bottom - 4);
    sketch.end();
    cells.forEach((cell, level) => {
      put(cell, "x", (left + level * step).toFixed(1));
      put(cell, "y", String(top));
      put(cell, "width", step.toFixed(1));
      put(cell, "height", String(bottom - 26 - top));
      put(cell, "tabindex", level === state.level ? "0" : "-1");
    });
    lab.resize(bottom + 76);
  }

  // The loss in its two parts, and below it the other divergence, on one axis; each under its words.
  function bars(top) {
    const most = Math.max(4, facts.loss, facts.reverse);
    const long = (value) => (Math.max(0, value) / most) * (plot.right - 8);
    sketch.text(8, top, say("loss", facts), "start dark");
    sketch.rect(8, top + 11, long(facts.entropy), 16, "entropy");
    sketch.rect(8 + long(facts.entropy), top + 11, long(facts.forward), 16, "forward");
    sketch.text(8, top + 44, say("other", facts), "start dark");
    sketch.rect(8, top + 55, long(facts.reverse), 16, "reverse");
  }

  // The height of q's curve over its mean, which may lie between levels.
  function peakOf() {
    const highest = Math.max(...facts.q);
    const nearest = facts.q.indexOf(highest);
    return highest * Math.exp(((nearest - data.means[state.mean]) / data.widths[state.width]) ** 2 / 2);
  }

  // The bell whose top is nearest to the pointer.
  function pull({ x, y }) {
    state.held = null;
    state.mean = between(0, Math.round(4 * ((x - plot.left) / plot.step - 0.5)), data.means.length - 1);
    const height = between(0.01, ((plot.foot - y) / (plot.foot - plot.top)) * data.highest, 1);
    const wanted = 1 / (height * Math.sqrt(2 * Math.PI));
    state.width = between(0, Math.round(10 * wanted) - 10, data.widths.length - 1);
    update();
  }
  onDrag(lab.svg, {
    start(at) {
      if (at.y < plot.top - 8 || at.y > plot.foot + 4 || at.x < plot.left) return false;
      pull(at);
      return true;
    },
    move: pull,
  });

  onLook(stage, columns, cells, state, { look, draw });
  update();
}
