// What networks learn to recall: the stored lines of three seeds at the chosen cell and gate bias. As facts.py says it.

function createRecall(stage, knobs, { data, say, setting }) {
  const state = { distance: data.distances.at(-1) };
  const choice = knobs.choice("Distance of the recall task", data.distances.map(String), (name) => {
    state.distance = Number(name);
    show();
  });
  const title = element("p", { class: "recall-title", "aria-live": "polite" });
  const svg = svgElement("svg", { class: "armod-recall", role: "img", width: 300, height: 150 });
  stage.append(title, element("div", { class: "recall" }, svg, element("div", {}, choice.whole, element("p", {}, say("recall_note")))));
  const sketch = createSketch(svg);

  function show() {
    const { cell, bias } = setting();
    const lines = data.recall[`${cell} ${bias} ${state.distance}`];
    const ends = lines.map((line) => line.at(-1));
    const name = say(cell === "rnn" ? "recall_rnn" : "recall_name", { cell: data.cells[cell], bias });
    const text = say("recall", { name, distance: state.distance, learned: ends.filter((bits) => bits < 1).length, bits: ends });
    choice.show(String(state.distance));
    put(title, "text", text);
    put(svg, "aria-label", text);
    const x = (index) => 36 + ((index + 1) / lines[0].length) * 250;
    const y = (bits) => 118 - Math.min(bits, 2.4) * 44;
    sketch.begin();
    for (const bits of [0, 1, 2]) {
      sketch.line(36, y(bits), 290, y(bits), bits === 2 ? "guess" : "grid");
      sketch.text(30, y(bits), String(bits), "end");
    }
    sketch.text(30, 10, "bits", "end");
    for (const line of lines) sketch.path(`M${line.map((bits, index) => `${x(index).toFixed(1)} ${y(bits).toFixed(1)}`).join("L")}`, "learning");
    sketch.text(163, 138, say("recall_axis", { steps: data.steps }), "middle");
    sketch.end();
  }
  return { show };
}
