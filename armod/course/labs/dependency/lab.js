// What the oracle found in one model: the variables about a chosen one and, beside them, the matrix of all pairs.

export async function mount(stage, data, live) {
  const say = createWords(data.words);
  const facts = dependencyFacts(data, say, await unpack(data.matrix));
  const [channels, height, width] = data.shape;
  const isSequence = channels === 1 && height === 1;
  const state = { ...data.start, pointed: null };
  if (live) state.variable = live.get("output");
  const orders = { [say("order_index")]: [...Array(facts.size).keys()], [say("order_made")]: data.ordering };
  const areas = height * width;
  const placeOf = (variable) => {
    const pixel = variable % areas;
    return { channel: Math.floor(variable / areas), row: Math.floor(pixel / width), column: pixel % width };
  };
  // moves the chosen variable: `change` gives some of its channel, row and column anew
  const moveTo = (change) => {
    const { channel, row, column } = { ...placeOf(state.variable), ...change };
    choose(between(0, channel, channels - 1) * areas + between(0, row, height - 1) * width + between(0, column, width - 1));
  };

  const knobs = createKnobs();
  const row = knobs.slider("Row", 1, height, (number) => moveTo({ row: number - 1 }));
  const column = knobs.slider(isSequence ? "Variable" : "Column", 1, width, (number) => moveTo({ column: number - 1 }));
  const channel = knobs.slider("Channel", 1, channels, (number) => moveTo({ channel: number - 1 }));
  const order = knobs.choice("Rows and columns", Object.keys(orders), turning(state, update)("order"));
  state.order = say("order_index");
  const shown = [...(isSequence ? [] : [row]), column, ...(channels > 1 ? [channel] : []), ...(data.matrixShown ? [order] : [])];
  const lab = createLab(stage, { kind: "dependency-lab", name: "The variables of the model", knobs: shown, redraw: draw });
  addVerdict(lab, data);
  const count = createKinds(stage, lab, data.kinds);
  const [wires, cells, marks, matrix] = ["", "cells", "", "matrix cells"].map((name) => svgElement("g", { class: name }));
  const edge = svgElement("rect", { class: "chosen", tabindex: 0, role: "button", "data-lm-suppress-shortcuts": "true" });
  lab.svg.append(wires, cells, edge, marks, matrix);
  const [behind, squares, front, pairs] = [wires, cells, marks, matrix].map(createSketch);
  const read = lab.reading("As a table, and in Python", {
    caption: "Who sees whom",
    columns: ["variable", "number in Python", "sees", "leaks among them"],
    rows: () => orders[state.order].map((variable) => {
      const { kinds, counts } = facts.about(variable);
      return [facts.nameOf(variable), String(variable), String(counts.seen + counts.leak),
        kinds.flatMap((kind, other) => (kind === "leak" ? [facts.nameOf(other)] : [])).join("; ") || "none"];
    }),
    code: () => `armod.dependency_matrix(model)[${state.variable}].view(${data.eventShape.join(", ")})`,
  });
  let about;
  let place;

  function choose(variable) {
    state.variable = variable;
    state.pointed = null;
    update();
    live?.send({ output: variable });
  }

  function update() {
    about = facts.about(state.variable);
    const at = placeOf(state.variable);
    row.show(at.row + 1);
    column.show(at.column + 1);
    channel.show(at.channel + 1);
    order.show(state.order);
    lab.find(about.finding);
    count(about.counts);
    read();
    look();
    draw();
  }

  function look() {
    lab.tell(state.pointed ? facts.pairSentence(...state.pointed) : `${about.detail} ${say("hint")}`);
  }

  // Where everything lies: the variables, and the matrix beside or below them.
  function arrange() {
    const isNarrow = lab.width < 620;
    const beside = data.matrixShown && channels === 1 && !isNarrow && (!isSequence || width <= 12);
    const mapWidth = beside ? Math.floor(0.44 * lab.width) : lab.width - 2;
    const inRow = isNarrow ? 1 : channels;
    const cell = Math.max(4, Math.floor(Math.min(isSequence ? 40 : 32, (mapWidth - 16 * (inRow - 1)) / (inRow * width))));
    const step = { x: width * cell + 16, y: height * cell + (isSequence ? 44 : 30) };
    const top = isSequence ? 96 : 26;
    const corner = (variable) => {
      const { channel: plane, row: y, column: x } = placeOf(variable);
      return [(plane % inRow) * step.x + x * cell + 1, top + Math.floor(plane / inRow) * step.y + y * cell];
    };
    const below = top + Math.ceil(channels / inRow) * step.y;
    const left = beside ? mapWidth + 50 : 26;
    const side = Math.min(lab.width - left - 2, 430, 26 * facts.size);
    const square = { left, top: beside ? 26 : below + 26, side, cell: side / facts.size };
    const bottom = data.matrixShown ? square.top + side + 22 : 0;
    return { cell, top, corner, square, height: Math.max(below, bottom) + 4 };
  }

  function draw() {
    place = arrange();
    const { cell, corner } = place;
    squares.begin();
    front.begin();
    if (!isSequence)
      for (let plane = 0; plane < channels; plane++) {
        const [x, y] = corner(plane * areas);
        front.text(x, y - 14, channels === 1 ? say("map") : say("plane", { channel: plane + 1 }), "start strong");
      }
    about.kinds.forEach((kind, variable) => {
      const [x, y] = corner(variable);
      squares.rect(x + 1, y + 1, cell - 2, cell - 2, kind);
      if (isSequence && (cell >= 20 || (variable + 1) % 8 === 0)) front.text(x + cell / 2, y + cell + 12, String(variable + 1), "");
    });
    const leaks = about.kinds.flatMap((kind, variable) => (kind === "leak" ? [corner(variable)] : []));
    if (leaks.length) front.path(leaks.map(([x, y]) => crossIn(x, y, cell)).join(""), "cross");
    squares.end();
    if (isSequence) drawOutputs();
    front.end();
    const [x, y] = isSequence ? [corner(state.variable)[0], 28] : corner(state.variable);
    for (const [name, value] of Object.entries({ x: x + 1, y: y + 1, width: cell - 2, height: cell - 2 })) put(edge, name, value);
    put(edge, "aria-label", say("chosen", { name: facts.nameOf(state.variable) }));
    pairs.begin();
    if (data.matrixShown) drawMatrix();
    pairs.end();
    lab.resize(place.height);
  }

  // A sequence: the conditionals above the variables, and a line to each variable that the chosen one sees.
  function drawOutputs() {
    const { cell, corner, top } = place;
    const foot = 29 + cell;
    front.text(1, 12, say("outputs"), "start strong");
    front.text(1, top + cell + 26, say("inputs"), "start strong");
    const lines = { seen: "", leak: "" };
    behind.begin();
    about.kinds.forEach((kind, variable) => {
      const [x] = corner(variable);
      behind.rect(x + 1, 29, cell - 2, cell - 2, "unit");
      if (kind in lines) lines[kind] += `M${corner(state.variable)[0] + cell / 2} ${foot - 2}L${x + cell / 2} ${top}`;
    });
    for (const [kind, path] of Object.entries(lines)) if (path) behind.path(path, `wire ${kind}`);
    behind.end();
  }

  function drawMatrix() {
    const { left, top, side, cell } = place.square;
    const order = orders[state.order];
    const space = cell >= 6 ? Math.min(1.4, 0.16 * cell) : 0;
    const paths = {};
    order.forEach((variable, down) => {
      for (let from = 0, to; from < facts.size; from = to) {
        const kind = facts.kindOf(variable, order[from]);
        to = from + 1;
        // large matrices are drawn in strips
        while (!space && to < facts.size && facts.kindOf(variable, order[to]) === kind) to += 1;
        const [x, y] = [left + from * cell, top + down * cell].map((each) => each.toFixed(1));
        paths[kind] = (paths[kind] ?? "") + `M${x} ${y}h${((to - from) * cell - space).toFixed(2)}v${(cell - space).toFixed(2)}H${x}z`;
      }
    });
    pairs.text(left, top - 14, say("matrix"), "start strong");
    for (const kind of Object.keys(data.kinds)) pairs.path(paths[kind] ?? "", kind);
    pairs.rect(left - 0.5, top - 0.5, side, side, "edge");
    pairs.rect(left - 1, top + order.indexOf(state.variable) * cell - 1, side + 1, cell + 1, "box");
    if (side < 90) return;
    pairs.text(left + side / 2, top + side + 12, say("columns"), "");
    pairs.text(left - 13, top + side / 2, say("rows"), "", true);
  }

  // The pair at a place of the drawing: of the matrix, or the chosen variable and one of the others.
  function pairAt({ x, y }) {
    const { square, cell, corner } = place;
    const [down, across] = [y - square.top, x - square.left].map((each) => Math.floor(each / square.cell));
    if (data.matrixShown && Math.min(down, across) >= 0 && Math.max(down, across) < facts.size)
      return orders[state.order][down] === undefined ? null : [orders[state.order][down], orders[state.order][across]];
    for (let variable = 0; variable < facts.size; variable++) {
      const [left, top] = corner(variable);
      const inColumn = x >= left && x < left + cell;
      if (inColumn && isSequence && y >= 28 && y < 28 + cell) return [variable, null];
      if (inColumn && y >= top && y < top + cell) return [state.variable, variable];
    }
    return null;
  }
  onDrag(lab.svg, {
    start(at) {
      const pair = pairAt(at);
      if (pair) press(at, pair);
      return pair !== null;
    },
    move: (at) => press(at, pairAt(at)),
  });
  // In the matrix a press chooses its row, among the variables the variable itself.
  function press({ y, x }, pair) {
    if (!pair) return;
    const inMatrix = data.matrixShown && y >= place.square.top && x >= place.square.left;
    choose(inMatrix || pair[1] === null ? pair[0] : pair[1]);
  }
  lab.svg.addEventListener("pointermove", (event) => {
    if (event.buttons) return;
    const box = lab.svg.getBoundingClientRect();
    const pair = pairAt({ x: event.clientX - box.left, y: event.clientY - box.top });
    state.pointed = pair && pair[1] !== null ? pair : null;
    look();
  });
  lab.svg.addEventListener("pointerleave", () => {
    state.pointed = null;
    look();
  });
  edge.addEventListener("keydown", (event) => {
    const step = arrowStep(event);
    if (!step) return;
    const at = placeOf(state.variable);
    moveTo({ row: at.row + step[0], column: at.column + step[1] });
    event.preventDefault();
  });
  live?.follow(["output"], () => {
    if (live.get("output") === state.variable) return;
    state.variable = live.get("output");
    update();
  });
  update();
}
