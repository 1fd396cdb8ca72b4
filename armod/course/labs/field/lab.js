// The lab: knobs, the finding, the masks beside the image, and a legend that counts. Everything follows from the paths.

const FIRST_NAMES = { A: "A", B: "B (leaks)" };

export async function mount(stage, data, live) {
  const say = createWords(data.words);
  const { size, limits } = data;
  const state = { channels: 1, channel: 0, dilation: 1, own: null, typed: null, pointed: null, ...data.start };
  const parsed = (text) => parseLayers(text, limits.layers, data.kernelSizes, limits.dilation);
  const layers = () => state.own ?? Array.from({ length: state.depth }, (_, number) =>
    ({ mask: number ? "B" : state.first, kernel: state.kernel, dilation: state.dilation }));
  const names = () => layers().map(layerName);
  // Takes layers over; the knobs show the first one, and make them all where all are alike.
  const take = (own) => {
    Object.assign(state, { first: own[0].mask, kernel: own[0].kernel, dilation: own[0].dilation, own: null,
      depth: between(data.depths[0], own.length, data.depths.at(-1)) });
    if (`${names()}` !== `${own.map(layerName)}`) state.own = own;
  };
  // what the kernel hears and tells; its other traits of the layers follow from these
  const traits = {
    stack: () => state.stack, layers: names, channels: () => state.channels, channel: () => state.channel,
    pixel: () => [state.row, state.column],
  };
  const takeOver = () => {
    const wasDown = isDown();
    for (const name of ["stack", "channels", "channel"]) state[name] = live.get(name);
    [state.row, state.column] = live.get("pixel");
    if (`${names()}` !== `${live.get("layers")}`) {
      take(parsed(live.get("layers").join(", ")));
      Object.assign(state, { typed: null, pointed: null });
    }
    if (wasDown) state.frame = layers().length;
  };
  const isDown = () => state.frame === layers().length;
  if (state.typed) take(parsed(state.typed));
  state.typed = null;
  state.frame ??= layers().length;
  if (live) takeOver();
  // a change of the stack shows all of it
  const turn = (name) => (value) => {
    player.stop();
    if (name in { first: 0, kernel: 0, depth: 0, dilation: 0 }) Object.assign(state, { own: null, typed: null });
    state[name] = value;
    if (!["frame", "row", "column", "channel", "typed"].includes(name)) state.frame = layers().length;
    state.pointed = null;
    update();
  };
  const knobs = createKnobs();
  const stack = knobs.choice("Stack", data.stacks, turn("stack"));
  const first = knobs.choice("First mask", Object.values(FIRST_NAMES), (name) =>
    turn("first")(data.firstMasks.find((mask) => FIRST_NAMES[mask] === name)));
  const kernel = knobs.slider("Kernel", 0, data.kernelSizes.length - 1, (index) => turn("kernel")(data.kernelSizes[index]));
  const depth = knobs.slider("Layers", data.depths[0], data.depths.at(-1), turn("depth"));
  const dilation = knobs.slider("Dilation", 1, limits.dilation, turn("dilation"));
  const error = element("p", { class: "error", id: uniqueName("error"), role: "alert" });
  const typed = knobs.text("Layers one by one", { autocomplete: "off", spellcheck: "false", "aria-describedby": error.id }, (text) => {
    const own = parsed(text);
    if (own) {
      take(own);
      turn("own")(state.own);
    }
    state.typed = text;
    update();
  });
  // a typed text stays as it is, right or wrong, while it is typed
  typed.control.addEventListener("blur", () => {
    if (state.typed !== null && parsed(state.typed)) turn("typed")(null);
  });
  typed.whole.classList.add("wide");
  const colours = knobs.choice("Image", ["grey", "R, G, B"], (name) => {
    state.channel = 0;
    turn("channels")(name === "grey" ? 1 : 3);
  });
  const channel = knobs.choice("Channel", limits.channels, (name) => turn("channel")(limits.channels.indexOf(name)));
  const row = knobs.slider("Row", 1, size, (number) => turn("row")(number - 1));
  const column = knobs.slider("Column", 1, size, (number) => turn("column")(number - 1));
  const frame = knobs.slider("Layers down", 0, state.depth, turn("frame"));
  const player = createPlayer(stage, { state, name: "frame", last: () => layers().length, pause: 900, update });
  const lab = createLab(stage, {
    kind: "field-lab", name: "The image, and the masks",
    knobs: [stack, first, kernel, depth, dilation, typed, error, colours, channel, row, column, frame, player], redraw: draw });

  const count = createKinds(stage, lab, data.kinds);
  lab.legend([["darker", say("darker")], ["on-path", say("on_path")], ["no-path", say("no_path")]]);
  const [masks, image, above] = [svgElement("g"), svgElement("g"), svgElement("g", { "aria-hidden": "true" })];
  const squares = createSketch(image);
  const edge = svgElement("rect", { class: "chosen", tabindex: 0, role: "button", "data-lm-suppress-shortcuts": "true" });
  const cells = image;
  lab.svg.append(masks, cells, edge, above);
  const [sketch, marks] = [createSketch(masks), createSketch(above)];
  const read = lab.reading("In Python", {
    code: () => state.own || state.dilation > 1 || state.channels > 1
      ? "from armod.course.labs.field.layers import layers_of\nfrom armod.course.labs.field.paths import PathFacts\n"
        + `PathFacts("${state.stack}", layers_of("${names().join(", ")}"), ${state.row}, ${state.column}, ${state.channels}, ${state.channel}).levels[-1]`
      : "from armod.measures.field_table import small_stack\n"
      + `armod.dependency_matrix(small_stack("${state.stack}", "${state.first}", ${state.kernel}, ${state.depth}))`
      + `[${state.row * size + state.column}].view(${size}, ${size})`,
  });
  let facts;
  let place;

  function update() {
    const setting = { stack: state.stack, layers: layers(), channels: state.channels, size };
    state.frame = between(0, state.frame, setting.layers.length);
    facts = fieldFacts(say, setting, state);
    show();
    lab.find(facts.finding);
    count(facts.counts);
    read();
    look();
    if (live) tell();
  }

  function show() {
    stack.show(state.stack);
    first.show(FIRST_NAMES[state.first]);
    const alike = (name, words) => (layers().every((layer) => layer[name] === layers()[0][name]) ? words : say("differ"));
    kernel.show(data.kernelSizes.indexOf(state.kernel), alike("kernel", `${state.kernel}×${state.kernel}`));
    depth.show(state.depth, String(layers().length));
    dilation.show(state.dilation, alike("dilation", String(state.dilation)));
    typed.show(state.typed ?? names().join(", "));
    const isWrong = state.typed !== null && !parsed(state.typed);
    put(typed.control, "aria-invalid", String(isWrong));
    put(error, "text", isWrong ? say("typing", { most: limits.layers, kernels: data.kernelSizes, dilation: limits.dilation, typed: state.typed }) : "");
    colours.show(state.channels === 1 ? "grey" : "R, G, B");
    channel.show(limits.channels[state.channel]);
    channel.control.disabled = state.channels === 1;
    row.show(state.row + 1);
    column.show(state.column + 1);
    put(frame.control, "max", layers().length);
    frame.show(state.frame, `${state.frame} of ${layers().length}`);
    player.show();
  }

  // The kernel's traits, where they are others.
  function tell() {
    const changed = Object.entries(traits).map(([name, value]) => [name, value()]).filter(([name, value]) => `${live.get(name)}` !== `${value}`);
    if (changed.length) live.send(Object.fromEntries(changed));
  }

  function look() {
    const { pointed } = state;
    if (pointed !== null && isDown()) lab.tell(facts.sentence(pointed));
    else if (!isDown()) lab.tell(facts.step(state.frame));
    else lab.tell(`${facts.detail} ${say("hint")}`);
    draw();
  }

  // The planes of the level that is shown: the channels of the image or of a stack, and the vertical stack.
  function planes() {
    const names = state.channels === 1 ? [""] : limits.channels;
    if (state.stack === "plain" || isDown()) return names;
    return [...names.map((name) => name || say("plane_horizontal")), say("plane_vertical")];
  }

  function draw() {
    const { width } = lab;
    const isNarrow = width < 560;
    sketch.begin();
    const below = drawMasks(isNarrow ? width : 0);
    sketch.end();
    const names = planes();
    const left = isNarrow ? 0 : 200;
    const title = names.length > 1 ? 22 : 0;
    const top = (isNarrow ? below + 8 : 4) + title;
    const across = names.length > 2 && isNarrow ? 2 : names.length;
    const cell = Math.max(5, Math.floor(Math.min(isNarrow ? 40 : 32, (width - left - 2 - 14 * (across - 1)) / (across * size))));
    const corner = (plane) => [left + (plane % across) * (size * cell + 14), top + Math.floor(plane / across) * (size * cell + 30)];
    place = { corner, cell, planes: names.length };
    const at = ({ plane, row, column }) => { const [x, y] = corner(plane); return [x + column * cell, y + row * cell]; };
    const shown = facts.levels[state.frame];
    const most = Math.log1p(Math.max(...shown.flatMap((plane) => Math.max(...plane))));
    const leaks = [];
    squares.begin();
    marks.begin();
    names.forEach((name, plane) => {
      if (name) marks.text(corner(plane)[0], corner(plane)[1] - 11, name, "start strong");
      shown[plane].forEach((paths, pixel) => {
        const spot = { plane, row: Math.floor(pixel / size), column: pixel % size };
        const [x, y] = at(spot);
        const kind = isDown() ? facts.kinds[plane][pixel] : paths ? "seen" : "far";
        // the number of paths on a logarithmic scale
        const share = kind === "leak" || kind === "seen" ? Math.round(70 * Math.log1p(paths) / most) : null;
        const darker = kind === "leak" ? ["--armod-output", "#6B2A00"] : ["--armod-field", "var(--armod-input)"];
        squares.rect(x + 1, y + 1, cell - 2, cell - 2, kind, {
          "data-pixel": plane * size * size + pixel,
          ...(share === null ? {} : { style: `fill: color-mix(in srgb, ${darker[1]} ${share}%, var(${darker[0]}))` }) });
        if (kind === "leak") leaks.push(crossIn(x, y, cell));
      });
    });
    squares.end();
    marks.path(leaks.join(""), "cross");
    const chosen = { plane: state.channel, row: state.row, column: state.column };
    const [x, y] = at(chosen);
    for (const [name, value] of Object.entries({ x: x + 1, y: y + 1, width: cell - 2, height: cell - 2 })) put(edge, name, value);
    const { pointed } = state;
    put(edge, "aria-label", say("chosen", { pixel: facts.sentence(chosen) }) + (pointed ? ` ${facts.sentence(pointed)}` : ""));
    if (pointed && isDown()) drawWay(pointed, at, cell);
    marks.end();
    const rows = Math.ceil(names.length / across);
    lab.resize(Math.max(isNarrow ? 0 : below, top + rows * (size * cell + 30) - 30) + 4);
  }

  // A path to the value pointed at, with a dot on every layer; or how near the paths come in its row, and where none leads.
  function drawWay(pointed, at, cell) {
    const middle = (spot) => at(spot).map((each) => each + cell / 2);
    const [x, y] = middle(pointed);
    marks.rect(x - cell / 2 + 1, y - cell / 2 + 1, cell - 2, cell - 2, "pointed");
    const path = onePath(facts.setting, state, facts.levels, pointed.row * size + pointed.column, pointed.plane);
    const to = { plane: pointed.plane, row: state.row, column: state.column };
    if (path) {
      const points = path.map(([row, column]) => middle({ plane: pointed.plane, row, column }));
      marks.path(`M${points.map((each) => each.join(" ")).join("L")}`, "way");
      points.forEach((each) => marks.circle(...each, Math.max(2, 0.13 * cell), "way-dot"));
      return;
    }
    if (!["blind", "far"].includes(facts.kindOf(pointed))) return;
    marks.path(arrow(middle(to), [x, y]), "way none");
    const nearest = facts.nearest(pointed);
    if (nearest !== null) marks.path(arrow(middle(to), middle({ ...pointed, column: nearest })), "way");
  }

  const arrow = ([x0, y0], [x1, y1]) => {
    const turn = Math.atan2(y1 - y0, x1 - x0);
    const wing = (by) => `L${(x1 - 9 * Math.cos(turn + by)).toFixed(1)} ${(y1 - 9 * Math.sin(turn + by)).toFixed(1)}`;
    return x0 === x1 && y0 === y1 ? "" : `M${x0} ${y0}L${x1} ${y1}${wing(0.45)}M${x1} ${y1}${wing(-0.45)}`;
  };

  // Each mask under its name: in one column, or, where the page is narrow, in two. Gives the y below them.
  function drawMasks(pageWidth) {
    const drawn = namedMasks(state.stack, layers());
    const isCrowded = drawn.length > 2;
    let [top, below] = [4, 4];
    drawn.forEach(([name, mask], index) => {
      const tap = Math.min(...(isCrowded ? [20, Math.floor(76 / mask[0].length)] : [34, Math.floor(112 / mask[0].length)]));
      const x = pageWidth && index % 2 ? Math.floor(pageWidth / 2) : 0;
      if (!x) top = below;
      sketch.text(x, top + 8, name, "start strong");
      drawMask(mask, x, top + 22, tap);
      below = Math.max(below, top + 22 + mask.length * tap + 16);
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

  function choose({ plane, row, column }) {
    state.row = between(0, row, size - 1);
    state.column = between(0, column, size - 1);
    if (isDown()) state.channel = between(0, plane, state.channels - 1);
    state.pointed = null;
    update();
  }
  // The value at a place of the drawing, also beyond the edges while it is dragged.
  function spotAt({ x, y }) {
    const spots = Array.from({ length: place.planes }, (_, plane) => {
      const [left, top] = place.corner(plane);
      return { plane, row: Math.floor((y - top) / place.cell), column: Math.floor((x - left) / place.cell) };
    });
    const isIn = ({ row, column }) => Math.min(row, column) >= 0 && Math.max(row, column) < size;
    return spots.find(isIn) ?? { ...spots[Math.min(state.channel, spots.length - 1)], isOut: true };
  }
  onDrag(lab.svg, {
    start(at) {
      const spot = spotAt(at);
      if (spot.isOut) return false;
      choose(spot);
      return true;
    },
    move: (at) => choose(spotAt(at)),
  });
  const point = (pointed) => {
    state.pointed = pointed;
    look();
  };
  const chosenSpot = () => ({ plane: state.channel, row: state.row, column: state.column });
  lab.svg.addEventListener("pointerover", ({ target }) => {
    const number = target.dataset.pixel;
    if (number !== undefined) {
      const [plane, pixel] = [Math.floor(number / (size * size)), number % (size * size)];
      point({ plane, row: Math.floor(pixel / size), column: pixel % size });
    } else point(target === edge ? chosenSpot() : null);
  });
  lab.svg.addEventListener("pointerleave", () => point(null));
  edge.addEventListener("blur", () => point(null));
  edge.addEventListener("keydown", (event) => {
    const step = arrowStep(event);
    if (!step) return;
    const from = event.shiftKey ? state.pointed ?? chosenSpot() : chosenSpot();
    const to = { ...from, row: between(0, from.row + step[0], size - 1), column: between(0, from.column + step[1], size - 1) };
    if (event.shiftKey) point(to);
    else choose(to);
    event.preventDefault();
  });
  live?.follow(Object.keys(traits), () => {
    const before = JSON.stringify(state);
    takeOver();
    if (JSON.stringify(state) !== before) update();
  });
  update();
}
