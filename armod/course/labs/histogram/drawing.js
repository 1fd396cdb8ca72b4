// Draws a state of the histogram lab: all cells folded into a square, and two likelihoods against the dimensions.

// Left and upper edge of each observation's cell in a square of side 1, and how many share it. `levels` are rows of
// `stride` levels, of which the first `variables` count: the first cuts the square into columns, the second each column
// into rows, the third each of these into columns again.
function cellsOf(levels, stride, variables, bins, numLevels) {
  const cells = new Map();
  for (let start = 0; start < levels.length; start += stride) {
    let code = 0;
    const edges = [0, 0];
    const scale = [1, 1];
    for (let variable = 0; variable < variables; variable += 1) {
      const bin = Math.floor(levels[start + variable] * bins / numLevels);
      const side = variable % 2;
      scale[side] /= bins;
      edges[side] += bin * scale[side];
      code = code * bins + bin; // at most 16^12, exact in a double
    }
    const cell = cells.get(code);
    if (cell) cell.count += 1;
    else cells.set(code, { x: edges[0], y: edges[1], count: 1 });
  }
  return cells;
}

function createHistogramDrawing(data, lab) {
  const { svg } = lab;
  const say = createWords(data.words);
  svg.setAttribute("role", "img");
  const layer = (tag, name) => svg.appendChild(svgElement(tag, { class: name }));
  const empty = layer("rect", "empty");
  const least = Object.keys(data.shades).map(Number);
  const shades = least.map((number) => {
    const path = layer("path", "filled");
    path.setAttribute("fill", data.shades[number]);
    return path;
  });
  const [grid, lost, own] = [layer("path", "grid"), layer("path", "lost"), layer("path", "yours")];
  const [band, uniform] = [layer("rect", "band"), layer("path", "uniform")];
  const [axis, ticks] = [layer("path", "axis"), layer("g", "ticks")];
  const lines = ["train", "test"].map((name) => ({ line: layer("path", `line ${name}`), points: layer("path", `points ${name}`) }));
  const word = (name, text) => {
    const node = layer("text", name);
    node.textContent = text;
    return node;
  };
  const words = {
    setting: word("start strong", ""),
    train: word("start train", "training digits"),
    test: word("start test", "test digits"),
    uniform: word("start alike", "- - all levels alike"),
    y: word("name", "nats per pixel"),
    x: word("name", "dimensions"),
  };
  const highest = data.dimensions.length;
  const numbers = [...data.dimensions.map((number) => ["x", number]), ...Array.from({ length: data.mostNats + 1 }, (_, nats) => ["y", nats])]
    .map(([side, number]) => {
      const node = ticks.appendChild(svgElement("text", { class: side === "y" ? "end" : "tick" }));
      node.textContent = number;
      return { side, number, node };
    });
  const round = (number) => Math.round(number * 100) / 100;

  function drawCells({ train, test, yours, bins, variables }, side) {
    const known = cellsOf(train, highest, variables, bins, data.numLevels);
    const size = [bins ** -Math.ceil(variables / 2) * side, bins ** -Math.floor(variables / 2) * side];
    // Never too small to see; the true sizes are in the text.
    const [width, height] = size.map((length) => round(Math.max(length, 4)));
    const shapes = least.map(() => "");
    for (const { x, y, count } of known.values()) {
      const shade = least.findLastIndex((number) => count >= number);
      const [across, down] = [round(Math.min(x * side, side - width)), round(Math.min(y * side, side - height))];
      shapes[shade] += `M${across} ${down}h${width}v${height}h${-width}z`;
    }
    shapes.forEach((shape, index) => put(shades[index], "d", shape));
    let cuts = "";
    if (Math.min(...size) > 6) {
      for (let cut = size[0]; cut < side - 1; cut += size[0]) cuts += `M${round(cut)} 0V${side}`;
      for (let cut = size[1]; cut < side - 1; cut += size[1]) cuts += `M0 ${round(cut)}H${side}`;
    }
    put(grid, "d", cuts);
    let crosses = "";
    for (const [code, { x, y }] of cellsOf(test, highest, variables, bins, data.numLevels)) {
      if (known.has(code)) continue;
      const [across, down] = [round(x * side + size[0] / 2), round(y * side + size[1] / 2)];
      crosses += `M${across - 3.5} ${down - 3.5}l7 7m0 -7l-7 7`;
    }
    put(lost, "d", crosses);
    const [{ x, y }] = cellsOf(yours, highest, variables, bins, data.numLevels).values();
    // large enough to be found
    const [wide, high] = [width, height].map((length) => Math.max(length, 9));
    put(own, "d", `M${round(Math.min(x * side, side - wide))} ${round(Math.min(y * side, side - high))}h${wide}v${high}h${-wide}z`);
    for (const name of ["width", "height"]) put(empty, name, side);
  }

  function drawLines({ nats, variables, bins, observations }, left, top, width, height) {
    const across = (number) => round(left + (number - 0.5) / highest * width);
    const up = (value) => round(top + height * (1 - value / data.mostNats));
    const step = width / highest;
    for (const [name, value] of Object.entries({ x: across(variables) - step / 2, y: top, width: step, height })) put(band, name, value);
    put(axis, "d", `M${left} ${top}V${top + height}H${left + width}`);
    const level = up(Math.log(data.numLevels));
    put(uniform, "d", `M${left} ${level}H${left + width}`);
    lines.forEach(({ line, points }, which) => {
      let [path, marks, isDrawn] = ["", "", false];
      nats.forEach((pair, index) => {
        const x = across(data.dimensions[index]);
        const isWithin = pair[which] <= data.mostNats;
        if (isWithin) {
          const y = up(pair[which]);
          path += `${isDrawn ? "L" : "M"}${x} ${y}`;
          marks += `M${x - 2.8} ${y}a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0 -5.6 0`;
        } else marks += `M${x - 5} ${top + 11}l5 -9l5 9z`;
        isDrawn = isWithin;
      });
      put(line, "d", path);
      put(points, "d", marks);
    });
    for (const { side, number, node } of numbers) {
      put(node, "x", side === "x" ? across(number) : left - 8);
      put(node, "y", side === "x" ? top + height + 15 : up(number));
    }
    put(words.setting, "text", say("setting", { bins, observations: observations.toLocaleString("en") }));
    const start = Math.max(0, Math.min(left, left + width - 306));
    const places = {
      setting: [start, top - 38], train: [start, top - 16], test: [start + 106, top - 16],
      uniform: [start + 186, top - 16], y: [left - 30, top + height / 2], x: [left + width / 2, top + height + 34],
    };
    for (const [name, [x, y]] of Object.entries(places)) {
      put(words[name], "x", x);
      put(words[name], "y", y);
    }
    put(words.y, "transform", `rotate(-90 ${left - 30} ${top + height / 2})`);
  }

  return (state) => {
    const { width } = lab;
    const isNarrow = width < 620;
    const side = isNarrow ? Math.min(width, 420) : Math.min(430, Math.floor(width * 0.47));
    const left = isNarrow ? 44 : side + 84;
    const top = isNarrow ? side + 66 : 48;
    const height = isNarrow ? 220 : side - 92;
    const total = isNarrow ? top + height + 46 : side + 2;
    lab.resize(total);
    put(svg, "aria-label", state.label);
    drawCells(state, side);
    drawLines(state, left, top, Math.min(440, width - left - 8), height);
  };
}
