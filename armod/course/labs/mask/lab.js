// The lab: knobs, the finding, the drawing, and a table for those who prefer to read.

export async function mount(stage, data, helpers) {
  const { element, put } = helpers;
  const table = await readTable(data, helpers.unpack);
  const name = `mask-lab-${Math.random().toString(36).slice(2)}`;
  const state = { ...data.start, named: null, own: null, typed: null, seed: 0, hovered: null, focused: null };
  state.sizes = Array.from({ length: data.maxLayers }, (_, index) => state.layers[index] ?? state.layers.at(-1));
  state.depth = state.layers.length;
  state.isRandom = state.draw !== "sequential";
  if (state.isRandom) state.seed = state.draw;
  const orderingOf = (named) => data.orderings[named][data.variables.indexOf(state.size)];
  state.named = Object.keys(data.orderings).find((named) => `${orderingOf(named)}` === `${state.ordering}`) ?? "own";
  if (state.named === "own") state.own = state.ordering;

  const drawing = createDrawing(helpers, ({ level, unit }) => {
    if (level !== state.depth + 1) return;
    state.output = unit;
    update();
  });
  const knobs = createKnobs(helpers, data, name);
  const title = element("p", { class: "finding", role: "status" });
  const detail = element("p", { class: "detail" });
  const rows = element("tbody");
  const inPython = element("code");
  const legend = element("ul", { class: "legend" }, ...[
    ["masked", "weight masked to zero"],
    ["kept", "weight kept"],
    ["feeds", "kept, on the way from inputs"],
    ["into", "kept, on the way to outputs"],
  ].map(([kind, text]) => element("li", {}, element("span", { class: `swatch ${kind}` }), text)));
  const reading = element("details", {}, element("summary", {}, "As a table, and in Python"),
    element("table", {}, element("caption", {}, "Who sees whom"), element("thead", {}, element("tr", {}, ...["output", "place in the ordering", "inputs it sees"].map((text) => element("th", { scope: "col" }, text)))), rows),
    inPython);
  const hint = "The number in a unit is its degree: how far along the ordering it may look. Point at a unit (or Tab, then "
    + "arrow keys) to see what feeds it and what it feeds; click an output (or Enter) to choose it.";
  stage.classList.add("mask-lab");
  stage.append(knobs.form, title, detail, drawing.svg, legend, reading);

  let facts;
  let tabStop;
  // Known from the observer: to ask the page at each turn of a knob would make it lay itself out twice.
  let width = 900;

  // The ordering in use: a named one, or the last valid one that was typed, fitted to the number of variables.
  function currentOrdering() {
    if (state.named !== "own") return orderingOf(state.named);
    const parsed = state.typed === null ? {} : parseOrdering(state.typed, state.size);
    if (parsed.ordering) state.own = parsed.ordering;
    return fitted(state.own ?? orderingOf("natural"), state.size);
  }

  function update() {
    const ordering = currentOrdering();
    const wanted = {
      ordering,
      layers: state.sizes.slice(0, state.depth),
      draw: state.isRandom ? state.seed : "sequential",
      output: Math.min(state.output, state.size - 1),
    };
    facts = maskFacts(table, wanted);
    tabStop = { level: facts.masks.length, unit: facts.output };
    state.hovered = state.focused = null;
    put(title, "text", finding(facts));
    knobs.show(state, facts);
    if (reading.open) read();
    look();
  }

  // Only what depends on the unit looked at.
  function look() {
    const at = state.hovered ?? state.focused;
    put(detail, "text", at ? `${unitSentence(facts, at.level, at.unit)}.` : hint);
    drawing.draw(facts, at ?? { level: facts.masks.length, unit: facts.output }, tabStop, width);
  }

  function read() {
    rows.replaceChildren(...facts.sees.map((seen, variable) => element("tr", {},
      element("th", { scope: "row" }, `x${lowered(variable + 1)}`),
      element("td", {}, `${facts.position[variable] + 1}`),
      element("td", {}, numbersOf(seen).join(", ") || "none"))));
    const kind = state.isRandom ? `"random", seed=${state.seed}` : `"sequential"`;
    inPython.textContent = `armod.MADE((${facts.size},), [${facts.masks.slice(1).map((mask) => mask[0].length).join(", ")}], `
      + `likelihood=armod.likelihoods.Bernoulli(), ordering=[${facts.ordering.join(", ")}], degrees=${kind})`;
  }

  function onKnob(event) {
    knobs.read(event.target, state);
    update();
  }
  knobs.form.addEventListener("input", onKnob);
  knobs.form.addEventListener("submit", (event) => event.preventDefault());
  reading.addEventListener("toggle", read);
  drawing.svg.addEventListener("pointerover", (event) => {
    state.hovered = drawing.unitAt(event.target);
    look();
  });
  drawing.svg.addEventListener("pointerleave", () => {
    state.hovered = null;
    look();
  });
  // On the stage, since a listener for focus on the SVG itself would make that a stop of the Tab key.
  stage.addEventListener("focusin", (event) => {
    state.focused = drawing.unitAt(event.target);
    tabStop = state.focused ?? tabStop;
    look();
  });
  stage.addEventListener("focusout", () => {
    state.focused = null;
    look();
  });
  drawing.svg.addEventListener("keydown", (event) => {
    const at = drawing.unitAt(event.target);
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] }[event.key];
    if (at && step) {
      const level = between(0, at.level + step[0], facts.masks.length);
      const share = (facts.degrees[level].length - 1) / Math.max(1, facts.degrees[at.level].length - 1);
      const unit = step[0] ? Math.round(at.unit * share) : between(0, at.unit + step[1], facts.degrees[level].length - 1);
      drawing.focusUnit({ level, unit });
    } else if (at && (event.key === "Enter" || event.key === " ")) {
      if (at.level !== facts.masks.length) return;
      state.output = at.unit;
      update();
      state.focused = tabStop;
      look();
    } else return;
    event.preventDefault();
  });
  update();
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width) width = Math.max(300, Math.floor(contentRect.width));
    look();
  }).observe(stage);
}

function createKnobs(helpers, data, name) {
  let count = 0;
  const knob = (text, control) => {
    control.id = `${name}-${(count += 1)}`;
    const value = element("span", { class: "value", "aria-hidden": "true" });
    const head = element("div", {}, element("label", { for: control.id }, text), value);
    return { whole: element("div", { class: "knob" }, head, control), control, value };
  };
  const slider = (text, min, max) => knob(text, element("input", { type: "range", min, max, step: 1 }));
  const choice = (text, options) =>
    knob(text, element("select", {}, ...options.map((option) => element("option", { value: option }, option))));

  const size = slider("Variables", data.variables[0], data.variables.at(-1));
  const output = slider("Chosen output", 1, data.variables.at(-1));
  const depth = slider("Hidden layers", 1, data.maxLayers);
  const sizes = Array.from({ length: data.maxLayers }, (_, index) =>
    slider(`Units in layer ${index + 1}`, 0, data.sizes.length - 1));
  const degrees = choice("Hidden degrees", ["random", "sequential"]);
  const draws = data.draws.filter((draw) => draw !== "sequential");
  const seed = slider("Seed of the degrees", draws[0], draws.at(-1));
  const ordering = choice("Ordering", [...Object.keys(data.orderings), "own"]);
  const own = knob("The ordering, or type your own", element("input", {
    type: "text", inputmode: "numeric", autocomplete: "off", spellcheck: "false", "aria-describedby": `${name}-error` }));
  own.whole.classList.add("wide");
  const error = element("p", { class: "error", id: `${name}-error`, role: "alert" });
  const form = element("form", { class: "knobs" },
    ...[size, output, depth, ...sizes, degrees, seed, ordering, own].map(({ whole }) => whole), error);

  function read(control, state) {
    const number = Number(control.value);
    if (control === size.control) {
      // A good ordering is fitted to the new size, and comes back with the old one; a bad one stays to be mended.
      if (state.typed !== null && parseOrdering(state.typed, state.size).ordering) state.typed = null;
      state.size = number;
    }
    else if (control === output.control) state.output = number - 1;
    else if (control === depth.control) state.depth = number;
    else if (control === degrees.control) state.isRandom = control.value === "random";
    else if (control === seed.control) state.seed = number;
    else if (control === ordering.control) state.named = control.value;
    else if (control === own.control) [state.named, state.typed] = ["own", control.value];
    else state.sizes[sizes.findIndex((each) => each.control === control)] = data.sizes[number];
  }

  function show(state, facts) {
    const set = ({ control, value }, number, text = number, spoken = text) => {
      control.value = number;
      put(value, "text", text);
      put(control, "aria-valuetext", spoken);
    };
    set(size, state.size);
    output.control.max = state.size;
    set(output, facts.output + 1, `x${lowered(facts.output + 1)}`, `output ${facts.output + 1}`);
    set(depth, state.depth);
    sizes.forEach((each, index) => {
      each.whole.hidden = index >= state.depth;
      set(each, data.sizes.indexOf(state.sizes[index]), state.sizes[index]);
    });
    degrees.control.value = state.isRandom ? "random" : "sequential";
    set(seed, state.seed);
    seed.control.disabled = !state.isRandom;
    ordering.control.value = state.named;
    const typed = state.named === "own" ? state.typed : null;
    const problem = typed === null ? undefined : parseOrdering(typed, state.size).error;
    put(error, "text", problem ? `${problem} The picture keeps the ordering ${facts.ordering.map((d) => d + 1).join(" ")}.` : "");
    put(own.control, "aria-invalid", String(problem !== undefined));
    // A typed text stays as it is, right or wrong.
    if (own.control.value !== typed) own.control.value = typed ?? facts.ordering.map((variable) => variable + 1).join(" ");
  }
  return { form, read, show };
}
