// The histogram lab: knobs, the finding, the drawing, and a table for those who prefer to read.

export async function mount(stage, data, helpers) {
  const { element, put, unpack } = helpers;
  const [levels, nats, findings, details] = await Promise.all([data.levels, data.nats, data.findings, data.details].map(unpack));
  const values = new Float32Array(nats.buffer);
  const split = (bytes) => new TextDecoder().decode(bytes).split("\n");
  const sentences = { finding: split(findings), detail: split(details) };
  const state = { ...data.start };
  const highest = data.dimensions.length;

  const knobs = createKnobs(helpers);
  const names = {
    bins: "Bins for each pixel", dimensions: "Dimensions (pixels)", observations: "Training digits",
    imaginary: "Smoothing: imaginary digits" };
  const sliders = Object.entries(names).map(([key, name]) => [key, knobs.slider(name, 0, data[key].length - 1, (place) => {
    state[key] = place;
    update();
  })]);
  stage.classList.add("histogram-lab");
  const lab = createLab(stage, helpers, {
    form: knobs.form(...sliders.map(([, slider]) => slider)), name: "Cells and likelihoods", redraw: () => drawing.draw(chosen(), lab.width) });
  const drawing = createHistogramDrawing(helpers, data, lab.svg);
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
  stage.append(legend, reading);

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
    put(lab.title, "text", sentences.finding[now]);
    put(lab.detail, "text", sentences.detail[now]);
    for (const [key, slider] of sliders) slider.show(state[key], data[key][state[key]].toLocaleString("en"));
    if (reading.open) read();
    drawing.draw(chosen(), lab.width);
  }

  function read() {
    const { bins, variables, nats: pairs } = chosen();
    rows.replaceChildren(...pairs.map((pair, index) => element("tr", {},
      element("th", { scope: "row" }, `${data.dimensions[index]}`),
      ...pair.map((number) => element("td", {}, fixed(number, 2))))));
    const imaginary = data.imaginary[state.imaginary];
    const smoothing = imaginary === data.oneEach ? "1" : imaginary === 0 ? "0" : `${imaginary} / ${bins}**${variables}`;
    inPython.textContent = `armod.Histogram((${variables},), ${bins}, num_levels=${data.numLevels}, smoothing=${smoothing}).fit(train)`;
  }

  reading.addEventListener("toggle", read);
  update();
}
