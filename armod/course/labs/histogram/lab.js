// The histogram lab: knobs, the finding, the drawing, and a table for those who prefer to read.

export async function mount(stage, data) {
  const [levels, nats, findings, details, made] = await Promise.all(
    [data.levels, data.nats, data.findings, data.details, data.made].map(unpack));
  const say = createWords(data.words);
  const values = new Float32Array(nats.buffer);
  const split = (bytes) => new TextDecoder().decode(bytes).split("\n");
  const sentences = { finding: split(findings), detail: split(details) };
  const state = { ...data.start };
  const highest = data.dimensions.length;

  const turn = turning(state, update);
  const knobs = createKnobs();
  const names = {
    bins: "Bins for each pixel", dimensions: "Dimensions (pixels)", observations: "Training digits",
    imaginary: "Smoothing: imaginary digits" };
  const sliders = Object.entries(names).map(([key, name]) => [key, knobs.slider(name, 0, data[key].length - 1, turn(key))]);
  const lab = createLab(stage, {
    kind: "histogram-lab", name: "Cells and likelihoods", knobs: sliders.map(([, slider]) => slider), redraw: () => draw(chosen()) });
  const numbers = halves(made);
  const painting = createPainting(stage, knobs, {
    say,
    data: { ...data, numTest: (levels.length - data.numTrain * highest) / highest,
      setting: () => ({ variables: data.dimensions[state.dimensions], train: data.observations[state.observations].toLocaleString("en") }) },
    starts: (test) => levels.subarray((data.numTrain + test) * highest, (data.numTrain + test + 1) * highest),
    ask,
    changed: () => { painting.show(); draw(chosen()); },
  });
  const draw = createHistogramDrawing(data, lab);
  lab.legend([
    ["empty", "empty cell"],
    ["yours", say("yours")],
    ...Object.values(data.shades).map((colour, index) =>
      [element("span", { class: "swatch", style: `background:${colour}` }), data.shadeNames[index]]),
    [element("span", { class: "lost", "aria-hidden": "true" }, "×"), element("span", { class: "lost" }, "test digit in an empty cell")],
    [element("span", { "aria-hidden": "true" }, "▲"), "above the axis, or infinite"],
  ]);
  const read = lab.reading("As a table, and in Python", {
    caption: "Nats per pixel",
    columns: ["dimensions", "training digits", "test digits"],
    rows: () => chosen().nats.map((pair, index) => [`${data.dimensions[index]}`, ...pair.map((number) => fixed(number, 2))]),
    code: () => {
      const [bins, variables, imaginary] = ["bins", "dimensions", "imaginary"].map((name) => data[name][state[name]]);
      const smoothing = imaginary === data.oneEach ? "1" : imaginary === 0 ? "0" : `${imaginary} / ${bins}**${variables}`;
      return `armod.Histogram((${variables},), ${bins}, num_levels=${data.numLevels}, smoothing=${smoothing}).fit(train)`;
    },
  });

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
      yours: painting.levels(),
      nats: data.dimensions.map((_, index) => [values[2 * (start + index)], values[2 * (start + index) + 1]]),
      label: `${sentences.finding[start + state.dimensions]}. ${sentences.detail[start + state.dimensions]}`,
    };
  }

  function update() {
    const now = first() + state.dimensions;
    lab.find(sentences.finding[now]);
    lab.tell(sentences.detail[now]);
    for (const [key, slider] of sliders) slider.show(state[key], data[key][state[key]].toLocaleString("en"));
    read();
    painting.show();
    draw(chosen());
  }

  // Of twelve painted levels: the digits in their cell, and both log-probabilities.
  function ask(painted) {
    const [bins, variables, imaginary] = ["bins", "dimensions", "imaginary"].map((name) => data[name][state[name]]);
    const smoothing = imaginary === data.oneEach ? 1 : imaginary / bins ** variables;
    const train = levels.subarray(0, data.observations[state.observations] * highest);
    const shape = { units: data.units, variables: highest, numLevels: data.numLevels };
    return {
      ...countedLogProb(train, highest, painted, { bins, variables, numLevels: data.numLevels, smoothing }),
      made: madeLogProb(numbers, shape, painted, variables),
    };
  }

  update();
}
