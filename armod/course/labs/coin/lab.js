// Coins, the likelihood of every p as a share of its maximum, and its logarithm; the facts are those of facts.py.

function coinFacts({ steps, logs }, say, { heads, flips, p }) {
  const terms = [[heads, 1], [flips - heads, -1]];
  // at a step of the grid: the table holds the logarithm of each step, and log(1 - p) is its mirror image
  const onGrid = (step) => terms.reduce((sum, [count, sign]) => {
    const share = sign > 0 ? step : steps - step;
    return count ? sum + (share ? count * logs[share - 1] : -Infinity) : sum;
  }, 0);
  const best = heads / flips;
  const atBest = terms.reduce((sum, [count]) => (count ? sum + count * Math.log(count / flips) : sum), 0);
  const grid = Array.from({ length: steps + 1 }, (_, step) => onGrid(step) - atBest);
  const logAt = (at) => terms.reduce((sum, [count, sign]) => (count ? sum + count * Math.log(sign > 0 ? at : 1 - at) : sum), 0);
  const value = logAt(p);
  const slope = terms.reduce((sum, [count, sign]) => {
    const share = sign > 0 ? p : 1 - p;
    return count ? sum + sign * (share ? count / share : Infinity) : sum;
  }, 0);
  const facts = { p, best, grid, value, logAt, below: atBest - value, slope, spread: Math.sqrt((best * (1 - best)) / flips) };
  facts.finding = say(heads > 0 && heads < flips ? "finding" : "finding_edge", { heads, flips, best });
  facts.detail = say(Number.isFinite(value) ? "detail" : "detail_impossible", facts);
  return facts;
}

// The steps of gradient ascent on ℓ/n from a place `from`.
function coinAscent({ ways, sizes, climb }, { heads, flips, from, way, size }) {
  const share = heads / flips;
  const step = ([p]) => [ways[way] === "p" ? p + sizes[size] * (share / p - (1 - share) / (1 - p))
    : 1 / (1 + Math.exp(-(Math.log(p / (1 - p)) + sizes[size] * (share - p))))];
  return climbed(climb, [from], step, ([p]) => p > 0 && p < 1);
}

export function mount(stage, data) {
  const say = createWords(data.words);
  // `from`: where the ascent begins, and p is after `number` of its steps
  const state = { ...data.start, from: data.start.p, number: 0 };
  const turn = (name) => (number) => {
    player.stop();
    if (name !== "from") state.from = state.p;
    state[name] = number;
    state.number = 0;
    if (name === "flips") state.heads = Math.min(state.heads, number);
    update();
  };
  const knobs = createKnobs();
  const heads = knobs.slider("Heads, k", 0, data.mostFlips, turn("heads"));
  const flips = knobs.slider("Flips, n", 1, data.mostFlips, turn("flips"));
  const candidate = knobs.slider("Candidate p", 0, 100, (hundredths) => turn("from")(hundredths / 100));
  const way = knobs.choice("Climb in", data.ways, (name) => turn("way")(data.ways.indexOf(name)));
  const size = knobs.slider("Step size", 0, data.sizes.length - 1, turn("size"));
  const player = createPlayer(stage, { state, name: "number", last: () => ascent.path.length - 1, pause: 250, update });
  const fit = knobs.button("Go to the maximiser", () => turn("from")(state.heads / state.flips));
  const lab = createLab(stage, {
    kind: "coin-lab", name: "Coins and likelihood curves", knobs: [heads, flips, candidate, fit, way, size, player], redraw: draw });
  const sketch = createSketch(lab.svg);
  const plots = { left: 74, top: 0, right: 0, upper: 0, lower: 0, height: 150 };
  let facts;
  let ascent;

  function update() {
    ascent = coinAscent(data, state);
    [state.p] = ascent.path[state.number];
    facts = coinFacts(data, say, state);
    heads.control.max = state.flips;
    heads.show(state.heads);
    flips.show(state.flips);
    candidate.show(Math.round(100 * facts.p), fixed(facts.p, 2));
    way.show(data.ways[state.way]);
    size.show(state.size, fixed(data.sizes[state.size], 3));
    player.show();
    const climbing = say(climbTemplate(ascent, state.number), {
      way: data.ways[state.way], size: data.sizes[state.size], number: state.number, to: ascent.off?.[0] ?? 0 });
    lab.find(facts.finding);
    lab.tell(`${facts.detail} ${climbing} ${say("hint")}`);
    draw();
  }

  function coinPlaces() {
    const perRow = Math.min(20, Math.floor((lab.width - plots.left) / 26));
    return Array.from({ length: state.flips }, (_, coin) => ({
      x: plots.left + 12 + 26 * (coin % perRow), y: 14 + 26 * Math.floor(coin / perRow) }));
  }

  function draw() {
    const { width } = lab;
    const coins = coinPlaces();
    plots.right = width - 16;
    plots.upper = coins.at(-1).y + 36;
    plots.lower = plots.upper + plots.height + 44;
    const bottom = plots.lower + plots.height;
    const across = (p) => plots.left + p * (plots.right - plots.left);
    const share = (below) => plots.upper + plots.height * (1 - 0.94 * Math.exp(below));
    const log = (below) => plots.lower + 8 + (plots.height - 8) * Math.min(1, -below / data.depth);
    sketch.begin();
    coins.forEach(({ x, y }, coin) => sketch.circle(x, y, 9.5, coin < state.heads ? "head" : "tail"));
    for (const [top, names, ticks] of [
      [plots.upper, ["likelihood,", "share of the best"], [[0, "0"], [0.5, "0.5"], [1, "1"]].map(([s, t]) => [plots.upper + plots.height * (1 - 0.94 * s), t])],
      [plots.lower, ["log-likelihood,", "nats below the best"], [0, 4, 8, 12].map((below) => [log(-below), below ? `−${below}` : "0"])],
    ]) {
      const foot = top + plots.height;
      for (const [y, text] of ticks) {
        sketch.line(plots.left, y, plots.right, y, "grid");
        sketch.text(plots.left - 7, y, text, "end");
      }
      sketch.line(plots.left, foot, plots.right, foot, "axis");
      for (const tick of [0, 0.2, 0.4, 0.6, 0.8, 1]) sketch.text(across(tick), foot + 13, fixed(tick, 1), "tick");
      names.forEach((text, line) => sketch.text(13 + 15 * line, top + plots.height / 2, text, "name", true));
    }
    sketch.text((plots.left + plots.right) / 2, bottom + 32, "p, the probability of heads", "name");
    const points = (height) => facts.grid.map((below, step) => `${across(step / data.steps).toFixed(1)} ${height(below).toFixed(1)}`).join("L");
    sketch.path(`M${across(0)} ${plots.upper + plots.height}L${points(share)}L${across(1)} ${plots.upper + plots.height}z`, "area");
    sketch.path(`M${points(share)}`, "curve");
    const shown = facts.grid.map((below, step) => [below, step]).filter(([below]) => -below <= data.depth);
    sketch.path(`M${shown.map(([below, step]) => `${across(step / data.steps).toFixed(1)} ${log(below).toFixed(1)}`).join("L")}`, "curve");
    const bracket = plots.upper + plots.height * (1 - 0.94 * Math.exp(-0.5));
    if (facts.spread) {
      const ends = [facts.best - facts.spread, facts.best + facts.spread].map((p) => across(between(0, p, 1)));
      sketch.path(`M${ends[0].toFixed(1)} ${(bracket - 4).toFixed(1)}v8m0 -4H${ends[1].toFixed(1)}m0 -4v8`, "spread");
      // a bracket narrower than its words has them beside it
      const half = (ends[1] - ends[0]) / 2;
      const middle = (ends[0] + ends[1]) / 2;
      const beside = facts.best < 0.5 ? middle + half + 40 : middle - half - 40;
      sketch.text(half > 34 ? middle : beside, bracket + (half > 34 ? 13 : 0), say("spread", facts), "strong");
    }
    const x = across(facts.p);
    sketch.line(x, plots.upper + plots.height, x, share(-facts.below), "stem");
    sketch.circle(across(facts.best), share(0), 6, "best");
    sketch.circle(x, share(-facts.below), 6, "at");
    if (facts.below <= data.depth) {
      // the tangent, 34 pixels to either side, within the plot
      const slope = (-facts.slope / (plots.right - plots.left)) * ((plots.height - 8) / data.depth);
      const reach = 34 / Math.hypot(1, slope);
      const [from, to] = [x - reach, x + reach].map((place) => between(plots.left, place, plots.right));
      sketch.line(from, log(-facts.below) + (from - x) * slope, to, log(-facts.below) + (to - x) * slope, "tangent");
    }
    // the places of the ascent so far, those far below the best at the foot
    if (state.number) for (const [p] of ascent.path.slice(0, state.number)) {
      sketch.circle(across(p), log(facts.logAt(p) - facts.logAt(facts.best)), 2.6, "trail");
    }
    const [next] = ascent.path[state.number + 1] ?? ascent.off ?? [];
    // where the next step would land; at the border if that is no probability
    if (next !== undefined) {
      const inside = between(0, next, 1);
      sketch.circle(across(inside), log(between(-data.depth, facts.logAt(inside) - facts.logAt(facts.best), 0)), 4, "ahead");
    }
    sketch.circle(across(facts.best), log(0), 6, "best");
    sketch.circle(x, log(-facts.below), 6, "at");
    sketch.end();
    lab.resize(bottom + 44);
  }

  const slide = ({ x }) => {
    turn("from")(Math.round(100 * between(0, (x - plots.left) / (plots.right - plots.left), 1)) / 100);
  };
  onDrag(lab.svg, {
    start(place) {
      const coin = coinPlaces().findIndex(({ x, y }) => Math.hypot(place.x - x, place.y - y) < 13);
      if (coin >= 0) {
        turn("heads")(state.heads + (coin < state.heads ? -1 : 1));
        return false;
      }
      if (place.y < plots.upper || place.x < plots.left - 8) return false;
      slide(place);
      return true;
    },
    move: slide,
  });
  update();
}
