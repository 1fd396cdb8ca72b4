// The lab: knobs, the finding, the masks beside the image, and a legend that counts.

const FIRST_NAMES = { A: "A", B: "B (leaks)" };

export async function mount(stage, data, live) {
  const say = createWords(data.words);
  const sees = await unpack(data.sees);
  const { size } = data;
  const state = { ...data.start, pointed: null };
  const traits = { stack: "stack", first: "first_mask", kernel: "kernel_size", depth: "depth" };
  const takeOver = () => {
    for (const [name, trait] of Object.entries(traits)) state[name] = live.get(trait);
    [state.row, state.column] = live.get("pixel");
  };
  if (live) takeOver();
  const turn = turning(state, update);
  const knobs = createKnobs();
  const stack = knobs.choice("Stack", data.stacks, turn("stack"));
  const first = knobs.choice("First mask", Object.values(FIRST_NAMES), (name) =>
    turn("first")(data.firstMasks.find((mask) => FIRST_NAMES[mask] === name)));
  const kernel = knobs.slider("Kernel", 0, data.kernelSizes.length - 1, (index) => turn("kernel")(data.kernelSizes[index]));
  const depth = knobs.slider("Layers", data.depths[0], data.depths.at(-1), turn("depth"));
  const row = knobs.slider("Row", 1, size, (number) => turn("row")(number - 1));
  const column = knobs.slider("Column", 1, size, (number) => turn("column")(number - 1));
  const lab = createLab(stage, {
    kind: "field-lab", name: "The image, and the masks", knobs: [stack, first, kernel, depth, row, column], redraw: draw });

  const count = createKinds(stage, lab, data.kinds);
  const [masks, image] = [svgElement("g"), svgElement("g")];
  const cells = Array.from({ length: size * size }, (_, pixel) => svgElement("rect", { "data-pixel": pixel }));
  const crosses = svgElement("path", { class: "cross" });
  const edge = svgElement("rect", { class: "chosen", tabindex: 0, role: "button", "data-lm-suppress-shortcuts": "true" });
  image.append(...cells, edge, crosses);
  lab.svg.append(masks, image);
  const sketch = createSketch(masks);
  const read = lab.reading("In Python", {
    code: () => "from armod.measures.field_table import small_stack\n"
      + `armod.dependency_matrix(small_stack("${state.stack}", "${state.first}", ${state.kernel}, ${state.depth}))`
      + `[${facts.chosen}].view(${size}, ${size})`,
  });
  let facts;
  let place;

  function update() {
    facts = fieldFacts(data, say, sees, state);
    stack.show(state.stack);
    first.show(FIRST_NAMES[state.first]);
    kernel.show(data.kernelSizes.indexOf(state.kernel), `${state.kernel}×${state.kernel}`);
    depth.show(state.depth);
    row.show(state.row + 1);
    column.show(state.column + 1);
    lab.find(facts.finding);
    count(facts.counts);
    read();
    look();
    draw();
    if (live) tell();
  }

  // The kernel's traits, where they are others.
  function tell() {
    const now = Object.fromEntries(Object.entries(traits).map(([name, trait]) => [trait, state[name]]));
    now.pixel = [state.row, state.column];
    const changed = Object.entries(now).filter(([trait, value]) => `${live.get(trait)}` !== `${value}`);
    if (changed.length) live.send(Object.fromEntries(changed));
  }

  function look() {
    lab.tell(state.pointed === null ? `${facts.detail} ${say("hint")}` : facts.pixelSentence(state.pointed));
  }

  function draw() {
    const { width } = lab;
    const isNarrow = width < 560;
    const drawn = data.masks[`${state.stack} ${state.first} ${state.kernel}`];
    sketch.begin();
    const below = drawMasks(drawn, isNarrow ? width : 0);
    sketch.end();
    const left = isNarrow ? 0 : 200;
    const top = isNarrow ? below + 8 : 4;
    const cell = Math.floor(Math.min(isNarrow ? 40 : 32, (width - left - 2) / size));
    place = { left, top, cell };
    facts.kinds.forEach((kind, pixel) => {
      const node = cells[pixel];
      put(node, "x", left + (pixel % size) * cell + 1);
      put(node, "y", top + Math.floor(pixel / size) * cell + 1);
      put(node, "width", cell - 2);
      put(node, "height", cell - 2);
      put(node, "class", kind);
    });
    const at = (pixel) => [left + (pixel % size) * cell, top + Math.floor(pixel / size) * cell];
    const [x, y] = at(facts.chosen);
    for (const [name, value] of Object.entries({ x: x + 1, y: y + 1, width: cell - 2, height: cell - 2 })) put(edge, name, value);
    put(edge, "aria-label", say("chosen", { pixel: facts.pixelSentence(facts.chosen) }));
    const leaks = facts.kinds.flatMap((kind, pixel) => (kind === "leak" ? [at(pixel)] : []));
    put(crosses, "d", leaks.map(([left, top]) => crossIn(left, top, cell)).join(""));
    lab.resize(Math.max(isNarrow ? 0 : below, top + size * cell) + 4);
  }

  // Each mask under its name: in one column, or, where the page is narrow, in two. Gives the y below them.
  function drawMasks(drawn, pageWidth) {
    const tap = drawn.length > 2 ? Math.min(20, Math.floor(76 / state.kernel)) : Math.min(34, Math.floor(112 / state.kernel));
    let [below, rowTop] = [4, 4];
    drawn.forEach(([name, mask], index) => {
      const x = pageWidth && index % 2 ? Math.floor(pageWidth / 2) : 0;
      if (x) below = rowTop;
      rowTop = below;
      sketch.text(x, below + 8, name, "start strong");
      drawMask(mask, x, below + 22, tap);
      below += 22 + mask.length * tap + 16;
    });
    return below;
  }

  function drawMask(mask, left, top, tap) {
    mask.forEach((taps, row) => taps.forEach((kept, column) => {
      sketch.rect(left + column * tap, top + row * tap, tap - 1.5, tap - 1.5, `tap-${kept}`);
      if (tap >= 14) sketch.text(left + (column + 0.5) * tap - 0.75, top + (row + 0.5) * tap - 0.75, kept ? "1" : "0", "tap");
    }));
    const [row, column] = [Math.floor(mask.length / 2), Math.floor(mask[0].length / 2)];
    sketch.rect(left + column * tap - 0.75, top + row * tap - 0.75, tap, tap, "centre");
  }

  function choose(row, column) {
    state.row = between(0, row, size - 1);
    state.column = between(0, column, size - 1);
    state.pointed = null;
    update();
  }
  const cellAt = ({ x, y }) => [Math.floor((y - place.top) / place.cell), Math.floor((x - place.left) / place.cell)];
  onDrag(lab.svg, {
    start(at) {
      const [row, column] = cellAt(at);
      if (Math.min(row, column) < 0 || Math.max(row, column) >= size) return false;
      choose(row, column);
      return true;
    },
    move: (at) => choose(...cellAt(at)),
  });
  lab.svg.addEventListener("pointerover", ({ target }) => {
    state.pointed = target === edge ? facts.chosen : target.dataset.pixel === undefined ? null : Number(target.dataset.pixel);
    look();
  });
  lab.svg.addEventListener("pointerleave", () => {
    state.pointed = null;
    look();
  });
  edge.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    choose(state.row + step[0], state.column + step[1]);
    event.preventDefault();
  });
  live?.follow([...Object.values(traits), "pixel"], () => {
    const before = JSON.stringify(state);
    takeOver();
    if (JSON.stringify(state) !== before) update();
  });
  update();
}
