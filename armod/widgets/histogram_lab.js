// The histogram lab: knobs, the finding, the drawing, and a table for those who prefer to read.

export async function mount(stage, data, helpers) {
  const { element, put, unpack } = helpers;
  const [levels, nats, findings, details] = await Promise.all([data.levels, data.nats, data.findings, data.details].map(unpack));
  const values = new Float32Array(nats.buffer);
  const split = (bytes) => new TextDecoder().decode(bytes).split("\n");
  const sentences = { finding: split(findings), detail: split(details) };
  const name = `histogram-lab-${Math.random().toString(36).slice(2)}`;
  const state = { ...data.start };
  const highest = data.dimensions.length;

  const drawing = createHistogramDrawing(helpers, data);
  const knobs = createHistogramKnobs(helpers, data, name);
  const title = element("p", { class: "finding", role: "status" });
  const detail = element("p", { class: "detail" });
  const legend = element("ul", { class: "legend" },
    element("li", {}, element("span", { class: "swatch empty" }), "empty cell"),
    ...Object.values(data.shades).map((colour, index) =>
      element("li", {}, element("span", { class: "swatch", style: `background:${colour}` }), data.shadeNames[index])),
    element("li", { class: "lost" }, element("span", { "aria-hidden": "true" }, "×"), "test digit in an empty cell"),
    element("li", {}, element("span", { "aria-hidden": "true" }, "▲"), "above the axis, or infinite"));
  const rows = element("tbody");
  const inPython = element("code");
  const reading = element("details", {}, element("summary", {}, "As a table, and in Python"),
    element("table", {}, element("caption", {}, "Nats per pixel"), element("thead", {}, element("tr", {},
      ...["dimensions", "training digits", "test digits"].map((text) => element("th", { scope: "col" }, text)))), rows),
    inPython);
  stage.classList.add("histogram-lab");
  stage.append(knobs.form, title, detail, drawing.svg, legend, reading);
  // Known from the observer: to ask the page at each turn of a knob would make it lay itself out twice.
  let width = 900;

  // The number of a setting in Python's tables, for the first dimension.
  function first() {
    const { bins, observations, imaginary } = state;
    return ((bins * data.observations.length + observations) * data.imaginary.length + imaginary) * highest;
  }

  function chosen() {
    const start = first();
    return {
      bins: data.bins[state.bins],
      variables: data.dimensions[state.dimensions],
      observations: data.observations[state.observations],
      train: levels.subarray(0, data.observations[state.observations] * highest),
      test: levels.subarray(data.numTrain * highest),
      nats: data.dimensions.map((_, index) => [values[2 * (start + index)], values[2 * (start + index) + 1]]),
      label: `${sentences.finding[start + state.dimensions]}. ${sentences.detail[start + state.dimensions]}`,
    };
  }

  function update() {
    const now = first() + state.dimensions;
    put(title, "text", sentences.finding[now]);
    put(detail, "text", sentences.detail[now]);
    knobs.show(state);
    if (reading.open) read();
    drawing.draw(chosen(), width);
  }

  function read() {
    const { bins, variables, nats: pairs } = chosen();
    const written = (number) => (Number.isFinite(number) ? number.toFixed(2) : "∞");
    rows.replaceChildren(...pairs.map((pair, index) => element("tr", {},
      element("th", { scope: "row" }, `${data.dimensions[index]}`),
      ...pair.map((number) => element("td", {}, written(number))))));
    const imaginary = data.imaginary[state.imaginary];
    const smoothing = imaginary === data.oneEach ? "1" : imaginary === 0 ? "0" : `${imaginary} / ${bins}**${variables}`;
    inPython.textContent = `armod.Histogram((${variables},), ${bins}, num_levels=${data.numLevels}, smoothing=${smoothing}).fit(train)`;
  }

  knobs.form.addEventListener("input", (event) => {
    knobs.read(event.target, state);
    update();
  });
  knobs.form.addEventListener("submit", (event) => event.preventDefault());
  reading.addEventListener("toggle", read);
  update();
  new ResizeObserver(([{ contentRect }]) => {
    const wanted = contentRect.width ? Math.max(280, Math.floor(contentRect.width)) : width;
    if (wanted === width) return;
    width = wanted;
    drawing.draw(chosen(), width);
  }).observe(stage);
}

function createHistogramKnobs({ element, put }, data, name) {
  const texts = {
    bins: ["Bins for each pixel", (number) => `${number}`],
    dimensions: ["Dimensions (pixels)", (number) => `${number}`],
    observations: ["Training digits", (number) => number.toLocaleString("en")],
    imaginary: ["Smoothing: imaginary digits", (number) => (number === data.oneEach ? number : number.toLocaleString("en"))],
  };
  const knobs = Object.entries(texts).map(([key, [text, written]], index) => {
    const id = `${name}-${index}`;
    const control = element("input", { id, type: "range", min: 0, max: data[key].length - 1, step: 1 });
    const value = element("span", { class: "value", "aria-hidden": "true" });
    const whole = element("div", { class: "knob" }, element("div", {}, element("label", { for: id }, text), value), control);
    return { key, whole, control, value, written };
  });
  const form = element("form", { class: "knobs" }, ...knobs.map(({ whole }) => whole));
  const read = (target, state) => {
    const { key, control } = knobs.find(({ control: each }) => each === target);
    state[key] = Number(control.value);
  };
  const show = (state) => {
    for (const { key, control, value, written } of knobs) {
      const text = written(data[key][state[key]]);
      control.value = state[key];
      put(value, "text", text);
      put(control, "aria-valuetext", text);
    }
  };
  return { form, read, show };
}
