// Text that streams, and what may come next: the model's bars, and those after temperature, top-k and top-p.

export async function mount(stage, data) {
  const say = createWords(data.words);
  const costs = await unpack(data.costs);
  const { symbols, prompt, levels, continuations, grain } = data;
  const [count, last, most] = [symbols.length, levels.length - 1, continuations[0].length];
  const state = { ...data.start };
  const knobs = createKnobs();
  const turn = turning(state, update);
  const player = createPlayer(stage, { state, name: "step", last: () => last, pause: 120, update: moved });
  const step = knobs.slider("Step", 1, last + 1, (value) => {
    player.stop();
    state.step = value - 1;
    moved();
  });
  const temperature = knobs.slider("Temperature", 1, 20, turn("temperature"));
  const topK = knobs.slider("Top-k", 1, count, turn("top_k"));
  const topP = knobs.slider("Top-p", 5, 100, turn("top_p"));
  const choice = knobs.slider("Forced", 0, most, (value) => force(value));
  const lab = createLab(stage, {
    kind: "text-lab", name: "The most probable next symbols", knobs: [step, temperature, topK, topP, choice, player], redraw: draw });
  const [past, now, more] = ["written", "now", "more"].map((name) => element("span", { class: name }));
  const story = element("pre", { class: "story", "aria-label": say("text"), tabindex: "0", "data-lm-suppress-shortcuts": "true" },
    element("span", { class: "prompt" }, prompt), past, now, more);
  stage.insertBefore(story, lab.svg);
  const sketch = createSketch(lab.svg);
  lab.legend([["before", say("before")], ["after", say("after")], ["drawn", say("chosen")]]);
  const visible = (symbol) => `“${symbol.replaceAll(" ", "␣").replaceAll("\n", "⏎")}”`;
  const entropy = (shares) => shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log2(share) : 0), 0);
  let seen = {};
  let rows = { top: 0, tall: 30 };

  // Another step gives the model its own symbol back.
  function moved() {
    state.choice = 0;
    update();
  }
  function force(number) {
    player.stop();
    state.choice = number;
    update();
  }

  function update() {
    const here = costs.subarray(state.step * count, (state.step + 1) * count);
    const order = Array.from(here.keys()).sort((a, b) => here[a] - here[b] || a - b);
    const before = adjusted(here, order, { grain, temperature: 1, topK: count, topP: 1 });
    const after = adjusted(here, order, { grain, temperature: state.temperature / 10, topK: state.top_k, topP: state.top_p / 100 });
    const level = state.choice ? order[state.choice - 1] : levels[state.step];
    const written = levels.slice(0, state.step).map((each) => symbols[each]).join("");
    seen = { order, before, after, level };
    step.show(state.step + 1);
    temperature.show(state.temperature, fixed(state.temperature / 10, 1));
    topK.show(state.top_k, state.top_k === count ? say("all") : String(state.top_k));
    topP.show(state.top_p, `${state.top_p} %`);
    choice.show(state.choice, state.choice ? visible(symbols[level]) : "–", state.choice ? visible(symbols[level]) : say("own"));
    player.show();
    put(past, "text", written);
    put(now, "text", symbols[level]);
    put(more, "text", state.choice ? continuations[state.step][state.choice - 1] : "");
    story.scrollTop = story.scrollHeight;
    lab.find(say("finding", {
      end: [...(prompt + written)].slice(-data.tail).join("").replaceAll("\n", "⏎"), kept: after.filter((share) => share > 0).length, count,
      symbol: visible(symbols[level]), plain: before[level], given: after[level] }));
    lab.tell(`${say(state.choice ? "forced" : "drawn", { step: state.step + 1, count: last + 1, symbol: visible(symbols[level]),
      before: entropy(before), after: entropy(after) })} ${say("hint", { choices: most })}`);
    draw();
  }

  function draw() {
    const { order, before, after, level } = seen;
    if (!order) return;
    const label = lab.width < 560 ? 84 : 130;
    const room = lab.width - label - 70;
    const shown = order.slice(0, data.shown);
    const others = order.slice(data.shown);
    const sum = (shares) => others.reduce((total, each) => total + shares[each], 0);
    const largest = Math.max(...before, ...after, sum(before), sum(after));
    const tall = 26;
    rows = { top: 8, tall };
    sketch.begin();
    const bar = (rank, name, old, fresh, kind) => {
      const top = rows.top + rank * tall;
      sketch.rect(0, top, lab.width, tall - 2, fresh > 0 ? "row kept" : "row");
      sketch.text(6, top + 12, name, fresh > 0 ? "start strong" : "start");
      sketch.rect(label, top + 3, (room * old) / largest, 8, "before");
      sketch.rect(label, top + 12, (room * fresh) / largest, 8, kind);
      sketch.text(label + (room * Math.max(old, fresh)) / largest + 6, top + 12, fresh > 0 ? `${fixed(100 * fresh, 1)}%` : say("gone"), "start");
    };
    shown.forEach((each, rank) => bar(rank, visible(symbols[each]), before[each], after[each], each === level ? "drawn" : "after"));
    if (others.length) {
      bar(shown.length, say("others", { number: others.length }), sum(before), sum(after), "after");
    }
    const bottom = rows.top + (shown.length + (others.length ? 1 : 0)) * tall;
    sketch.text(6, bottom + 14, say("reach", state), "start");
    sketch.end();
    lab.resize(bottom + 28);
  }

  onDrag(lab.svg, {
    start: ({ y }) => {
      const rank = Math.floor((y - rows.top) / rows.tall);
      if (rank < 0 || rank >= most) return false;
      force(rank + 1);
      return true;
    },
    move: () => {},
  });
  stage.addEventListener("keydown", (event) => {
    const number = Number(event.key);
    if (!/^[0-9]$/.test(event.key) || number > most || event.ctrlKey || event.metaKey || event.altKey) return;
    force(number);
    event.preventDefault();
  });
  update();
}
