// The variables of a model after a pass: what is made, what the chosen one reads, and the chain for which it waits.

const TOP = 24; // room for the line above the variables

export async function mount(stage, data) {
  const say = createWords(data.words);
  const reads = {};
  for (const [name, model] of Object.entries(data.models)) reads[name] = await unpack(model.reads);
  const state = { ...data.start };
  const knobs = createKnobs();
  const now = () => data.models[state.model];
  const last = () => Math.max(...now().waves);
  const player = createPlayer(stage, { state, name: "number", last, pause: 160, update });
  const model = knobs.choice("Model", Object.keys(data.models), (name) => {
    player.stop();
    state.model = name;
    state.number = between(0, state.number, last());
    state.place = now().waves.length - 1;
    update();
  });
  const number = knobs.slider("Pass", 0, last(), (value) => {
    player.stop();
    turning(state, update)("number")(value);
  });
  const row = knobs.slider("Row", 1, now().height, (value) => choose(value - 1, state.place % now().width));
  const column = knobs.slider("Column", 1, now().width, (value) => choose(Math.floor(state.place / now().width), value - 1));
  const lab = createLab(stage, {
    kind: "waiting-lab", name: "The variables of the model", knobs: [model, number, row, column, player], redraw: draw });
  const [cells, marks] = [svgElement("g"), svgElement("g")];
  const edge = svgElement("rect", { class: "chosen", tabindex: 0, role: "button", "data-lm-suppress-shortcuts": "true" });
  lab.svg.append(cells, edge, marks);
  const [below, above] = [createSketch(cells), createSketch(marks)];
  lab.legend([["made", say("made")], ["fresh", say("fresh")], ["waiting", say("waiting")],
    ["read", say("read")], ["chain", say("chain")], ["chosen", say("at")]]);
  let cell = 1;

  const isRead = (variable) => {
    const bytes = Math.ceil(now().waves.length / 8);
    return bitOf(reads[state.model], state.place * bytes, variable);
  };
  // From the first link to the chosen variable itself.
  function chain() {
    const found = [state.place];
    while (now().before[found[0]] >= 0) found.unshift(now().before[found[0]]);
    return found;
  }
  function detail() {
    const { waves, width, height } = now();
    const values = {
      row: Math.floor(state.place / width) + 1, column: (state.place % width) + 1, wave: waves[state.place],
      reads: waves.filter((_, variable) => isRead(variable)).length, links: chain().length - 1,
    };
    return say(height > 1 ? "detail" : "detail_sequence", values);
  }

  function update() {
    const { waves, width, height } = now();
    for (const [knob, most] of [[number, last()], [row, height], [column, width]]) knob.control.max = most;
    row.control.disabled = height === 1;
    model.show(state.model);
    number.show(state.number);
    row.show(Math.floor(state.place / width) + 1);
    column.show((state.place % width) + 1);
    player.show();
    const made = waves.filter((wave) => wave <= state.number).length;
    lab.find(say("finding", { name: state.model, number: state.number, last: last(), made, size: waves.length }));
    lab.tell(`${detail()} ${say("hint")}`);
    draw();
  }

  function draw() {
    const { waves, width, height } = now();
    cell = Math.max(4, Math.min(44, Math.floor(Math.min(lab.width / width, 420 / height))));
    const at = (variable) => [(variable % width) * cell, Math.floor(variable / width) * cell + TOP];
    below.begin();
    below.text(0, 10, say(height > 1 ? "rows" : "steps", { height, width }), "start strong");
    const kinds = { waiting: "", made: "", fresh: "" };
    waves.forEach((wave, variable) => {
      const [x, y] = at(variable);
      const kind = wave === state.number ? "fresh" : wave < state.number ? "made" : "waiting";
      kinds[kind] += `M${x + 0.5} ${y + 0.5}h${cell - 1}v${cell - 1}h${1 - cell}z`;
    });
    for (const [kind, path] of Object.entries(kinds)) if (path) below.path(path, kind);
    if (cell >= 20) {
      waves.forEach((wave, variable) => {
        const [x, y] = at(variable);
        if (variable !== state.place && wave <= state.number && !isRead(variable)) {
          below.text(x + cell / 2, y + cell / 2, wave, wave === state.number ? "wave light" : "wave");
        }
      });
    }
    below.end();
    const [x, y] = at(state.place);
    for (const [name, value] of Object.entries({ x: x + 1, y: y + 1, width: cell - 2, height: cell - 2 })) put(edge, name, value);
    put(edge, "aria-label", say("chosen", { detail: detail() }));
    above.begin();
    const radius = Math.max(1, cell / 9);
    const dots = waves.flatMap((_, variable) => (isRead(variable) ? [at(variable)] : [])).map(([left, top]) =>
      `M${left + cell / 2 - radius} ${top + cell / 2}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0z`);
    if (dots.length) above.path(dots.join(""), "read");
    const links = chain().map((variable) => at(variable).map((side) => side + cell / 2).join(" "));
    if (links.length > 1) above.path(`M${links.join("L")}`, "chain");
    above.end();
    lab.resize(TOP + height * cell + 6);
  }

  function choose(row, column) {
    const { width, height } = now();
    state.place = between(0, row, height - 1) * width + between(0, column, width - 1);
    update();
  }
  const cellAt = ({ x, y }) => [Math.floor((y - TOP) / cell), Math.floor(x / cell)];
  onDrag(lab.svg, {
    start(at) {
      const [row, column] = cellAt(at);
      if (Math.min(row, column) < 0 || row >= now().height || column >= now().width) return false;
      choose(row, column);
      return true;
    },
    move: (at) => choose(...cellAt(at)),
  });
  edge.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    const { width } = now();
    choose(Math.floor(state.place / width) + step[0], (state.place % width) + step[1]);
    event.preventDefault();
  });
  update();
}
