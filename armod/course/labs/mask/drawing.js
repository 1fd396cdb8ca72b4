// Draws facts (facts.js) as SVG in true pixels: text keeps its size when the page is narrow.

// Where everything lies: three columns, two, or one below the other.
function arrange({ degrees, masks, size }, width) {
  const widest = Math.max(...degrees.map((layer) => layer.length));
  const wide = width >= (widest > 12 ? 820 : 750);
  const narrow = width < 560;
  const maskSize = narrow ? Math.min(110, (width - 190) / 2) : between(96, width * 0.115, 150);
  const maskBlock = maskSize + 84;
  const productSize = wide ? between(140, width * 0.17, 230) : Math.min(230, width - 80);
  const left = narrow ? 0 : 84; // "hidden 1" fits in the widest of the usual fonts
  const right = width - (narrow ? 0 : maskBlock + 36) - (wide ? productSize + 74 : 0);
  const spacing = Math.min(56, (right - left) / widest);
  const radius = Math.min(15, 0.45 * spacing);
  const gap = narrow ? 116 : between(112, 440 / masks.length, wide ? 150 : 126);
  const top = radius + (narrow ? 38 : 20);
  const middle = (left + right) / 2;
  const rows = degrees.map((_, level) => top + gap * (masks.length - level));
  const columns = degrees.map((layer) => layer.map((_, unit) => middle + (unit - (layer.length - 1) / 2) * spacing));
  let below = rows[0] + radius + (narrow ? 56 : 24);
  const maskPlaces = masks.map((mask, level) => {
    const cell = Math.min(18, maskSize / Math.max(mask.length, mask[0].length), (gap - 30) / mask.length);
    const y = (rows[level] + rows[level + 1]) / 2 - (cell * mask.length) / 2 - 4;
    return { x: right + 58, y, cell };
  });
  if (narrow)
    for (let level = 0; level < masks.length; level += 2) {
      const pair = maskPlaces.slice(level, level + 2);
      pair.forEach((place, index) => Object.assign(place, { x: 22 + (index * width) / 2, y: below }));
      below += 36 + Math.max(44, ...pair.map(({ cell }, index) => cell * masks[level + index].length));
    }
  const cell = Math.min(24, productSize / size);
  const product = wide
    ? { x: width - productSize - 32, y: Math.max(44, (rows[0] + rows.at(-1)) / 2 - (cell * size) / 2 + 10), cell }
    : { x: left + 22, y: below + 42, cell };
  const height = Math.max(below, product.y + cell * size + 44);
  return { wide, narrow, left, right, radius, rows, columns, maskPlaces, product, height };
}

function createDrawing(say, lab) {
  const { svg } = lab;
  svg.classList.add("armod-network");
  const [backdrop, unitLayer, front] = [{ "aria-hidden": "true" }, {}, { "aria-hidden": "true" }].map((attributes) =>
    svg.appendChild(svgElement("g", attributes)));
  const [behind, sketch] = [createSketch(backdrop), createSketch(front)];
  const units = new Map();
  let drawn;
  let whenDrawn = () => {};

  // What the columns and rows of a matrix are; beside a small one the words begin at its corner.
  function writeAxes(x, y, width, height, columns, rows) {
    if (width < 52) sketch.text(x, y + height + 12, `${columns} →`, "start");
    else sketch.text(x + width / 2, y + height + 12, `${columns} →`, "");
    if (height < 60) sketch.text(x - 12, y + height, `← ${rows}`, "start", true);
    else sketch.text(x - 12, y + height / 2, `← ${rows}`, "", true);
  }

  function unitNode(level, unit) {
    const key = `${level},${unit}`;
    if (!units.has(key)) {
      const node = svgElement("g", { "data-level": level, "data-unit": unit, "data-lm-suppress-shortcuts": "true" },
        svgElement("circle"), svgElement("text", { "aria-hidden": "true" }));
      units.set(key, unitLayer.appendChild(node));
    }
    return units.get(key);
  }

  // focus: the unit whose ancestry and descendants are lit; `tabStop`: where the Tab key enters the network.
  function draw(facts, focus, tabStop) {
    const { width } = lab;
    const place = arrange(facts, width);
    const { masks, degrees, output } = facts;
    const last = masks.length;
    const down = ancestors(masks, focus.level, focus.unit);
    const up = descendants(masks, focus.level, focus.unit);
    const isLit = (level, unit) => (level <= focus.level ? down[level][unit] : up[level - focus.level][unit]);
    const kindOf = (gap, above, below) => {
      if (gap < focus.level && down[gap + 1][above]) return gap + 1 === last ? "into" : "feeds";
      return gap >= focus.level && up[gap - focus.level][below] ? "into" : "kept";
    };
    const cells = { masked: "", kept: "", feeds: "", into: "", seen: "", unseen: "", leak: "" };
    const lines = { kept: "", feeds: "", into: "" };
    const addCell = (kind, { x, y, cell }, row, column) => {
      const side = (cell - Math.min(1.4, 0.16 * cell)).toFixed(1);
      cells[kind] += `M${(x + column * cell).toFixed(1)} ${(y + row * cell).toFixed(1)}h${side}v${side}h-${side}z`;
    };
    masks.forEach((mask, gap) => mask.forEach((row, above) => row.forEach((kept, below) => {
      const kind = kept ? kindOf(gap, above, below) : "masked";
      addCell(kind, place.maskPlaces[gap], above, below);
      if (kept) {
        const [x, y] = [place.columns[gap][below], place.rows[gap]];
        lines[kind] += `M${x.toFixed(1)} ${y}L${place.columns[gap + 1][above].toFixed(1)} ${place.rows[gap + 1]}`;
      }
    })));
    const row = focus.level === last ? focus.unit : output;
    facts.sees.forEach((seen, above) => seen.forEach((sees, below) => {
      const lit = focus.level === 0 ? below === focus.unit && "into" : above === row && "seen";
      const isEarlier = facts.position[below] < facts.position[above];
      const kind = sees ? (isEarlier ? lit || "kept" : "leak") : facts.oracle && isEarlier ? "unseen" : "masked";
      addCell(kind, place.product, above, below);
    }));
    behind.begin();
    for (const [name, data] of Object.entries(cells)) behind.path(data, `cell ${name}`);
    for (const [name, data] of Object.entries(lines))
      behind.path(data, `edge ${name}`, { "stroke-width": between(1, 2 - data.length / 9000, 1.8).toFixed(1) });
    drawBrackets(facts, place);
    behind.end();
    drawUnits(facts, place, focus, tabStop, isLit);
    sketch.begin();
    drawBoxes(facts, place, focus, row);
    drawNames(facts, place, focus.level === 0 ? null : row);
    sketch.end();
    lab.resize(place.height);
    drawn = { place, masks };
    whenDrawn();
  }

  // Where a weight lies in the square of its mask, and which weight lies at a place.
  function cellOf({ level, above, below }) {
    const { x, y, cell } = drawn.place.maskPlaces[level];
    return { x: x + below * cell, y: y + above * cell, cell };
  }
  function maskCellAt({ x, y }) {
    for (let level = 0; level < drawn.masks.length; level++) {
      const { x: left, y: top, cell } = drawn.place.maskPlaces[level];
      const [above, below] = [Math.floor((y - top) / cell), Math.floor((x - left) / cell)];
      if (drawn.masks[level][above]?.[below] !== undefined) return { level, above, below };
    }
    return null;
  }

  function drawUnits(facts, place, focus, tabStop, isLit) {
    const last = facts.masks.length;
    const unused = new Set(units.values());
    facts.degrees.forEach((layer, level) => layer.forEach((degree, unit) => {
      const node = unitNode(level, unit);
      const kind = level === 0 ? "input" : level === last ? "output" : "hidden";
      const names = ["unit", kind];
      const { pass } = facts;
      const final = pass && (pass.steps[level][unit] > pass.step ? "open" : pass.steps[level][unit] < pass.step ? "kept" : "new");
      if (final) names.push(`is-${final}`);
      else if (isLit(level, unit)) names.push(level > focus.level ? "is-fed" : "is-lit");
      if (!final && level === last && unit === facts.output) names.push("is-chosen");
      if (level === focus.level && unit === focus.unit) names.push("is-focus");
      put(node, "class", names.join(" "));
      put(node, "role", kind === "output" ? "button" : "img");
      put(node, "aria-pressed", kind === "output" ? String(unit === facts.output) : null);
      put(node, "aria-label", unitSentence(say, facts, level, unit) + (final ? `. ${say(`unit_${final}`)}` : ""));
      put(node, "tabindex", level === tabStop.level && unit === tabStop.unit ? 0 : -1);
      put(node, "transform", `translate(${place.columns[level][unit].toFixed(1)} ${place.rows[level]})`);
      const [circle, text] = node.children;
      put(circle, "r", place.radius.toFixed(1));
      put(text, "style", `font-size: ${between(9, place.radius, 13).toFixed(1)}px`);
      put(text, "text", place.radius < 7 ? "" : String(degree));
      put(node, "display", "inline");
      unused.delete(node);
    }));
    for (const node of unused) put(node, "display", "none");
  }

  function drawNames(facts, place, row) {
    const { degrees, masks, output, size, sees, position } = facts;
    const last = masks.length;
    const nameOf = (level) => (level === 0 ? "inputs" : level === last ? "outputs" : `hidden ${level}`);
    const shortOf = (level) => nameOf(level).replace("hidden ", "h");
    const { radius } = place;
    degrees.forEach((layer, level) => {
      const kind = level === 0 ? "input" : level === last ? "output" : "hidden";
      const outwards = { input: radius + 32, hidden: -radius - 11, output: -radius - 26 }[kind];
      if (place.narrow) sketch.text(2, place.rows[level] + outwards, nameOf(level), `level ${kind} start`);
      else sketch.text(place.left - 14, place.rows[level], nameOf(level), `level ${kind} end`);
    });
    const apart = place.columns[0][1] - place.columns[0][0];
    const every = apart < 20 ? Math.ceil(24 / apart) : 1;
    for (let variable = 0; variable < size; variable += every) {
      const name = `x${lowered(variable + 1)}`;
      const x = place.columns[0][variable];
      sketch.text(x, place.rows[0] + radius + 11, name, "variable");
      sketch.text(x, place.rows[last] - radius - 10, name, variable === output ? "variable strong" : "variable");
    }
    masks.forEach((mask, level) => {
      const { x, y, cell } = place.maskPlaces[level];
      const [height, width] = [cell * mask.length, cell * mask[0].length];
      writeAxes(x, y, width, height, shortOf(level), shortOf(level + 1));
      const centre = Math.min(y + height / 2, y + height - 20);
      sketch.text(x + width + 8, centre - 8, `M${raised(level + 1)}`, "mask start");
      sketch.text(x + width + 8, centre + 10, say("kept", facts.kept?.[level] ?? { kept: countOf(mask), all: mask.length * mask[0].length }), "count start");
    });
    const { x, y, cell } = place.product;
    const side = cell * size;
    const factors = masks.map((_, level) => `M${raised(level + 1)}`).reverse().join(" ");
    sketch.text(x, y - 32, "Who sees whom", "mask start");
    sketch.text(x, y - 13, facts.oracle ? say("oracle") : `${factors} > 0`, "product start");
    writeAxes(x, y, side, side, "inputs", "outputs");
    sketch.text(x, y + side + 32, say("pairs", { kept: countOf(sees.map((seen, above) => seen.map((is, below) => is && position[below] < position[above]))), all: (size * (size - 1)) / 2 }), "count start");
    if (facts.paths && cell >= 16)
      facts.paths.forEach((counts, above) => counts.forEach((count, below) => {
        if (count && count < 1000) sketch.text(x + (below + 0.5) * cell - 0.5, y + (above + 0.5) * cell, String(count), "paths");
      }));
    if (row !== null) sketch.text(x + side + 6, y + (row + 0.5) * cell, `x${lowered(row + 1)}`, "variable strong start");
  }

  function drawBoxes({ masks, size }, place, focus, row) {
    const box = ({ x, y, cell }, top, left, rows, columns) =>
      `M${x + left * cell} ${y + top * cell}h${columns * cell}v${rows * cell}h${-columns * cell}z`;
    const last = masks.length;
    let data = focus.level === 0 ? box(place.product, 0, focus.unit, size, 1) : box(place.product, row, 0, 1, size);
    if (focus.level === last) data += box(place.maskPlaces.at(-1), row, 0, 1, masks.at(-1)[0].length);
    sketch.path(data, "box");
  }

  function drawBrackets({ masks }, place) {
    if (place.narrow) return;
    const arms = masks.map((_, level) => {
      const [bottom, top] = [place.rows[level] - 16, place.rows[level + 1] + 16];
      return `M${place.right + 4} ${top}h10V${bottom}h-10M${place.right + 14} ${(top + bottom) / 2}h14`;
    });
    behind.path(arms.join(""), "bracket");
  }

  const unitAt = (target) => {
    const node = target.closest?.(".unit");
    return node ? { level: +node.dataset.level, unit: +node.dataset.unit } : null;
  };
  const focusUnit = ({ level, unit }) => unitNode(level, unit).focus();
  return { draw, unitAt, focusUnit, cellOf, maskCellAt, afterwards: (react) => { whenDrawn = react; } };
}
