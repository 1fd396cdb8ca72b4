// Points on levels, and the log-likelihood of every mean and scale; the facts are those of facts.py.

function surfaceFacts({ means, scales, levels, table }, say, { counts, mean, scale }) {
  const surface = new Float64Array(means.length * scales.length);
  const used = [...counts.keys()].filter((level) => counts[level]);
  let cell = 0;
  for (let place = 0; place < surface.length; place++) {
    for (const level of used) surface[place] += counts[level] * table[place * levels + level];
    if (surface[place] > surface[cell]) cell = place;
  }
  const [lastMean, lastScale] = [means.length - 1, scales.length - 1];
  const meanAt = (index) => means[0] + (means[1] - means[0]) * index;
  const scaleAt = (index) => scales[0] * 2 ** (index / 4);
  const valueOf = (m, s) => logLikelihood(counts, 1 / s, m / s);
  let best = [Math.floor(cell / scales.length), cell % scales.length];
  let top = [meanAt(best[0]), scaleAt(best[1])];
  const facts = { surface, mean: meanAt(mean), scale: scaleAt(scale) };
  const isThere = hasMaximiser(counts);
  const points = counts.reduce((sum, count) => sum + count, 0);
  if (isThere) {
    const [m, s] = (top = maximiser(counts, ...top));
    best = [between(0, (m - means[0]) / (means[1] - means[0]), lastMean), between(0, 4 * Math.log2(s / scales[0]), lastScale)];
    const onMap = means[0] <= m && m <= means[lastMean] && scales[0] <= s && s <= scales[lastScale];
    facts.finding = say(onMap ? "finding" : "finding_beyond", { points, mean: m, scale: s });
  } else {
    const onEdge = used[0] === 0 || used[0] === levels - 1;
    const one = onEdge ? "finding_edge" : "finding_one";
    const two = used[1] === used[0] + 1 ? "finding_two" : "finding_ends";
    facts.finding = say(!used.length ? "finding_none" : used.length === 1 ? one : two, { points, level: used[0] });
  }
  Object.assign(facts, { best, highest: valueOf(...top) });
  const rise = 1 / facts.scale;
  facts.masses = Array.from({ length: levels }, (_, level) => Math.exp(logMass(level, rise, facts.mean * rise, levels)));
  const value = valueOf(facts.mean, facts.scale);
  facts.detail = say(isThere ? "detail" : "detail_map", { mean: facts.mean, scale: facts.scale, value, below: facts.highest - value });
  return facts;
}

// The steps of gradient ascent on the mean log-likelihood from the candidate `from`, (mean, scale) in levels.
function surfaceAscent({ means, scales, ways, sizes, climb }, { counts, from, way, size }) {
  const points = Math.max(1, counts.reduce((sum, count) => sum + count, 0));
  const start = [means[0] + (means[1] - means[0]) * from[0], scales[0] * 2 ** (from[1] / 4)];
  const step = ([mean, scale]) => {
    const [byMean, byScale] = slopes(counts, mean, scale);
    const moved = ways[way] === "mean and scale" ? scale + (sizes[size] * byScale) / points
      : scale * Math.exp(Math.min(50, (sizes[size] * byScale * scale) / points));
    return [mean + (sizes[size] * byMean) / points, moved];
  };
  const isPlace = ([mean, scale]) => mean >= means[0] && mean <= means.at(-1) && scale >= scales[0] && scale <= scales.at(-1) * (1 + 1e-12);
  return climbed(climb, start, step, isPlace);
}

export async function mount(stage, data) {
  const say = createWords(data.words);
  data.table = new Float32Array((await unpack(data.logMasses)).buffer);
  // `from`: indices of the candidate where the ascent begins; mean and scale are those after `number` of its steps
  const state = { ...data.start, counts: [...data.start.counts], at: 7, number: 0, from: [data.start.mean, data.start.scale] };
  const same = (counts) => `${counts}` === `${state.counts}`;
  const knobs = createKnobs();
  // Whatever changes, an ascent begins where the candidate is.
  function anew(from = [state.mean, state.scale]) {
    player.stop();
    Object.assign(state, { from, number: 0 });
    update();
  }
  const turn = (name) => (value) => {
    state[name] = value;
    anew();
  };
  const sets = knobs.choice("Points", [...Object.keys(data.dataSets), "own"], (name) => {
    if (name in data.dataSets) state.counts = [...data.dataSets[name]];
    anew();
  });
  sets.whole.classList.add("wide");
  const mean = knobs.slider("Mean", 0, data.means.length - 1, turn("mean"));
  const scale = knobs.slider("Scale", 0, data.scales.length - 1, turn("scale"));
  const top = knobs.button("Go to the maximiser", () => anew(facts.best));
  const way = knobs.choice("Climb in", data.ways, (name) => turn("way")(data.ways.indexOf(name)));
  way.whole.classList.add("wide");
  const size = knobs.slider("Step size", 0, data.sizes.length - 1, turn("size"));
  const player = createPlayer(stage, { state, name: "number", last: () => ascent.path.length - 1, pause: 250, update });
  const lab = createLab(stage, {
    kind: "surface-lab", name: "Points, and the surface of their log-likelihood", knobs: [sets, mean, scale, top, way, size, player], redraw: draw });
  const back = lab.svg.appendChild(svgElement("g", { "aria-hidden": "true" }));
  const columns = lab.svg.appendChild(svgElement("g"));
  const front = lab.svg.appendChild(svgElement("g", { "aria-hidden": "true" }));
  const [behind, sketch] = [createSketch(back), createSketch(front)];
  const cells = Array.from({ length: data.levels }, (_, level) => columns.appendChild(svgElement("rect", {
    class: "level", role: "spinbutton", "aria-valuemin": 0, "aria-valuemax": data.mostPoints,
    "aria-label": `Points on level ${level}`, "data-lm-suppress-shortcuts": "true" })));
  const place = {};
  let facts;
  let ascent;

  function update() {
    ascent = surfaceAscent(data, state);
    [state.mean, state.scale] = state.number ? indicesOf(ascent.path[state.number]) : state.from;
    facts = surfaceFacts(data, say, state);
    sets.show(Object.keys(data.dataSets).find((name) => same(data.dataSets[name])) ?? "own");
    mean.show(state.mean, fixed(facts.mean, 2));
    scale.show(state.scale, fixed(facts.scale, 2));
    lab.find(facts.finding);
    way.show(data.ways[state.way]);
    size.show(state.size, fixed(data.sizes[state.size], 3));
    player.show();
    lab.tell(`${facts.detail} ${climbing()} ${say("hint")}`);
    draw();
  }

  const indicesOf = ([mean, scale]) => [(mean - data.means[0]) / (data.means[1] - data.means[0]), 4 * Math.log2(scale / data.scales[0])];
  function climbing() {
    const [offMean, offScale] = ascent.off ?? [0, 0];
    const template = climbTemplate(ascent, state.number);
    return say(template === "climb_off" && offScale <= 0 ? "climb_off_none" : template, {
      way: data.ways[state.way], size: data.sizes[state.size], number: state.number, mean: offMean, scale: offScale });
  }

  function change(level, step) {
    state.counts[level] = between(0, state.counts[level] + step, data.mostPoints);
    anew();
  }

  function arrange() {
    const wide = lab.width >= 680;
    const panel = wide ? (lab.width - 130) / 2 : lab.width - 66;
    Object.assign(place, { panel, left: 46, top: 34, height: 260, mapLeft: wide ? panel + 116 : 46, mapTop: wide ? 34 : 396 });
    place.column = panel / data.levels;
    place.dot = Math.min(place.height / 6.5, place.column);
    place.cellWidth = panel / data.means.length;
    place.cellHeight = place.height / data.scales.length;
  }

  function draw() {
    arrange();
    const { panel, left, top, height, column, dot } = place;
    const foot = top + height;
    behind.begin();
    sketch.begin();
    for (const tick of [0, 0.5, 1]) {
      behind.line(left, foot - tick * height, left + panel, foot - tick * height, "grid");
      behind.text(left - 7, foot - tick * height, String(tick), "end");
    }
    behind.text(10, top + height / 2, "probability", "name", true);
    behind.line(left, foot, left + panel, foot, "axis");
    behind.text(left + panel / 2, foot + 34, "level", "name");
    cells.forEach((cell, level) => {
      const x = left + level * column;
      put(cell, "x", x.toFixed(1));
      put(cell, "y", String(top));
      put(cell, "width", column.toFixed(1));
      put(cell, "height", String(height));
      put(cell, "tabindex", level === state.at ? "0" : "-1");
      put(cell, "aria-valuenow", String(state.counts[level]));
      if (column >= 18 || level % 3 === 0)
        behind.text(x + column / 2, foot + 14, String(level), state.counts[level] ? "strong" : "tick");
      sketch.rect(x + 0.06 * column, foot - facts.masses[level] * height, 0.88 * column, facts.masses[level] * height, "mass");
      for (let point = 0; point < state.counts[level]; point++)
        sketch.circle(x + column / 2, foot - (point + 0.5) * dot, 0.4 * dot, "point");
    });
    behind.text(left, top - 18, "The points, and one mean and scale", "start strong");
    drawMap();
    behind.end();
    sketch.end();
    lab.resize(place.mapTop + height + 50);
  }

  function drawMap() {
    const { panel, height, mapLeft, mapTop, cellWidth, cellHeight } = place;
    const foot = mapTop + height;
    const paths = data.colours.map(() => "");
    const bandOf = (m, s) => {
      const below = facts.highest - facts.surface[m * data.scales.length + s];
      return data.bands.filter((end) => below >= end).length;
    };
    // one stroke of the brush for neighbours of one band
    data.scales.forEach((_, s) => {
      let [start, band] = [0, bandOf(0, s)];
      for (let m = 1; m <= data.means.length; m++) {
        const next = m < data.means.length ? bandOf(m, s) : -1;
        if (next === band) continue;
        paths[band] += `M${(mapLeft + start * cellWidth).toFixed(1)} ${(foot - s * cellHeight).toFixed(1)}`
          + `h${((m - start) * cellWidth + 0.4).toFixed(1)}v${(-cellHeight - 0.4).toFixed(1)}h${(-(m - start) * cellWidth - 0.4).toFixed(1)}z`;
        [start, band] = [m, next];
      }
    });
    paths.forEach((d, band) => behind.path(d, "band", { fill: data.colours[band] }));
    const x = (m) => mapLeft + (m + 0.5) * cellWidth;
    const y = (s) => foot - (s + 0.5) * cellHeight;
    behind.line(mapLeft, foot, mapLeft + panel, foot, "axis");
    behind.line(mapLeft, foot, mapLeft, mapTop, "axis");
    for (const tick of [0, 3, 6, 9, 12, 15]) behind.text(x(data.means.indexOf(tick)), foot + 14, String(tick), "tick");
    for (const tick of [0.2, 0.5, 1, 2, 5]) {
      const s = Math.log2(tick / data.scales[0]) / Math.log2(data.scales[1] / data.scales[0]);
      behind.text(mapLeft - 7, y(s), String(tick), "end");
    }
    behind.text(mapLeft + panel / 2, foot + 34, "mean", "name");
    behind.text(mapLeft - 36, mapTop + height / 2, "scale", "name", true);
    behind.text(mapLeft, mapTop - 18, "Log-likelihood: the darker, the higher", "start strong");
    if (state.number) {
      const trail = ascent.path.slice(0, state.number + 1).map(indicesOf).map(([m, scaleAt]) => [x(m), y(scaleAt)]);
      sketch.path(`M${trail.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L")}`, "trail");
      trail.slice(0, -1).forEach(([px, py]) => sketch.circle(px, py, 2.4, "step"));
    }
    // where the next step would land; at the border of the map if it jumps off
    const ahead = ascent.path[state.number + 1] ?? ascent.off;
    if (ahead && ahead.every(Number.isFinite)) {
      const [m, s] = indicesOf([ahead[0], Math.max(ahead[1], data.scales[0])]);
      const [px, py] = [x(between(0, m, data.means.length - 1)), y(between(0, s, data.scales.length - 1))];
      sketch.line(x(state.mean), y(state.scale), px, py, "ahead");
      sketch.circle(px, py, 4, "ahead");
    }
    sketch.circle(x(state.mean), y(state.scale), 7, "at");
    const there = state.mean === facts.best[0] && state.scale === facts.best[1];
    if (state.counts.some((count) => count)) sketch.circle(x(facts.best[0]), y(facts.best[1]), there ? 4 : 7, "best");
  }

  const levelAt = ({ x }) => between(0, Math.floor((x - place.left) / place.column), data.levels - 1);
  const inPanel = ({ x, y }, left, top) => x >= left && x <= left + place.panel && y >= top && y <= top + place.height;
  let carried = null;
  const toMap = ({ x, y }) => {
    anew([between(0, Math.floor((x - place.mapLeft) / place.cellWidth), data.means.length - 1),
      between(0, Math.floor((place.mapTop + place.height - y) / place.cellHeight), data.scales.length - 1)]);
  };
  onDrag(lab.svg, {
    start(at) {
      carried = null;
      if (inPanel(at, place.left, place.top)) {
        const level = levelAt(at);
        const onPoint = at.y > place.top + place.height - state.counts[level] * place.dot;
        carried = { level, moved: !onPoint };
        if (!onPoint) change(level, 1);
        return true;
      }
      const onMap = inPanel(at, place.mapLeft, place.mapTop);
      if (onMap) toMap(at);
      return onMap;
    },
    move(at) {
      if (!carried) return toMap(at);
      const level = levelAt(at);
      if (level === carried.level || state.counts[level] === data.mostPoints) return;
      state.counts[carried.level] -= 1;
      carried = { level, moved: true };
      change(level, 1);
    },
    end() { if (carried && !carried.moved) change(carried.level, -1); },
  });
  columns.addEventListener("keydown", (event) => {
    const level = cells.indexOf(event.target);
    const add = { ArrowUp: 1, Enter: 1, "+": 1, ArrowDown: -1, Delete: -1, Backspace: -1, "-": -1 }[event.key];
    const walk = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (level < 0 || (!add && !walk)) return;
    if (walk) {
      state.at = between(0, level + walk, data.levels - 1);
      draw();
      cells[state.at].focus();
    } else change(level, add);
    event.preventDefault();
  });
  update();
}
