// A network that runs in the page and writes: the bars of every next letter, the knobs, letters that one forces.

export async function mount(stage, data) {
  const say = createWords(data.words);
  const { symbols, end, most } = data;
  const count = symbols.length;
  const logProbs = createNetwork(data.network, fromHalves(await unpack(data.numbers)));
  const state = { ...data.start, letters: data.start.letters.map((level) => ({ level, isForced: false })), looked: 0 };
  const turn = turning(state, update);
  const visible = (text) => `“${text.replaceAll(" ", "␣").replaceAll("\n", "⏎")}”`;
  const entropy = (shares) => shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log2(share) : 0), 0);
  // The player steps from letter to letter: forth writes one, back takes one away.
  const text = {
    get letters() { return state.letters.length; },
    set letters(number) {
      if (number < state.letters.length) state.letters.length = Math.max(0, number);
      else if (number > state.letters.length) state.letters.push({ level: look().next, isForced: false });
    },
  };
  const knobs = createKnobs();
  const player = createPlayer(stage, { state: text, name: "letters", last: () => data.mostLetters, pause: 180, update });
  const temperature = knobs.slider("Temperature", 1, 20, turn("temperature"));
  const topK = knobs.slider("Top-k", 1, count, turn("top_k"));
  const topP = knobs.slider("Top-p", 5, 100, turn("top_p"));
  const noise = knobs.slider("Noise", 0, data.numNoise - 1, turn("noise"));
  const anew = knobs.button("Start anew", () => { player.stop(); state.letters = []; update(); });
  const lab = createLab(stage, {
    kind: "letters-lab", name: "The next letter. Arrow keys move from letter to letter, Enter writes one.",
    knobs: [temperature, topK, topP, noise, anew, player], redraw: draw });
  const story = element("pre", { class: "story", "aria-label": say("text"), tabindex: "0", "data-lm-suppress-shortcuts": "true" });
  stage.insertBefore(story, lab.svg);
  const [back, columns] = [svgElement("g", { "aria-hidden": "true" }), svgElement("g")];
  lab.svg.append(back, columns);
  const sketch = createSketch(back);
  const cells = symbols.map(() => columns.appendChild(svgElement("rect", {
    class: "level", role: "button", "data-lm-suppress-shortcuts": "true" })));
  lab.legend([["before", say("before")], ["after", say("after")], ["next", say("next")], ["forced", say("forced")]]);
  const read = lab.reading("As a table", {
    caption: "The next letter", columns: ["symbol", say("before"), say("after")],
    rows: () => symbols.map((symbol, level) => [visible(symbol), fixed(seen.before[level], 6), fixed(seen.after[level], 6)]),
  });
  let seen;

  function wordsOf(letters) {
    const words = [[]];
    for (const letter of letters) {
      words.at(-1).push(letter);
      if (letter.level === end || words.at(-1).length === most) words.push([]);
    }
    return words;
  }

  // What comes next, for the letters and knobs as they are.
  function look() {
    const words = wordsOf(state.letters);
    const levels = words.at(-1).map(({ level }) => level);
    const logs = logProbs(levels);
    const before = logs.map(Math.exp);
    const costs = logs.map((log) => -log);
    const order = [...costs.keys()].sort((a, b) => costs[a] - costs[b] || a - b);
    const after = adjusted(costs, order, { grain: 1, temperature: state.temperature / 10, topK: state.top_k, topP: state.top_p / 100 });
    const uniform = noiseAt(state.noise, state.letters.length);
    let reached = 0;
    let next = after.findIndex((share) => (reached += share) > uniform);
    if (next < 0) next = after.findLastIndex((share) => share > 0);
    return { words, levels, before, after, next, best: order[0] };
  }

  function update() {
    seen = look();
    const { words, levels, before, after, next, best } = seen;
    temperature.show(state.temperature, fixed(state.temperature / 10, 1));
    topK.show(state.top_k, state.top_k === count ? say("all") : String(state.top_k));
    topP.show(state.top_p, `${state.top_p} %`);
    noise.show(state.noise);
    player.show();
    story.replaceChildren(...words.flatMap((word, at) => [
      ...word.map(({ level, isForced }) => element("span",
        { class: `${at === words.length - 1 ? "word" : ""} ${isForced ? "forced" : ""}`.trim() }, symbols[level])),
      ...(at < words.length - 1 ? [" "] : [])]), element("span", { class: "word" }, "▏"));
    story.scrollTop = story.scrollHeight;
    const word = levels.map((level) => symbols[level]).join("");
    const plain = state.temperature === 10 && state.top_k === count && state.top_p === 100 ? "_plain" : "";
    lab.find(say(`finding${word ? "" : "_first"}${plain}`, { word: visible(word), best: visible(symbols[best]), plain: before[best], given: after[best] }));
    const cost = -levels.reduce((sum, level, at) => sum + logProbs(levels.slice(0, at))[level], 0) / Math.log(2);
    lab.tell([
      say(`left${plain}`, { kept: after.filter((share) => share > 0).length, count, before: entropy(before), after: entropy(after) }),
      ...(word ? [say("cost", { cost })] : []), say("draw", { next: visible(symbols[next]) }), say("hint")].join(" "));
    cells.forEach((cell, level) => put(cell, "aria-label", say("symbol", { symbol: visible(symbols[level]), plain: before[level], given: after[level] })));
    draw();
    read();
  }

  function write(level) {
    player.stop();
    if (state.letters.length < data.mostLetters) state.letters.push({ level, isForced: true });
    update();
  }

  function draw() {
    const { before, after, next } = seen;
    const left = 40;
    const rows = Math.ceil(count / Math.floor((lab.width - left) / 12.5));
    const perRow = Math.ceil(count / rows);
    const one = (lab.width - left - 4) / perRow;
    const [tall, row] = [150, 186];
    const highest = Math.max(...before, ...after);
    const roof = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8].find((limit) => highest <= limit) ?? 1;
    sketch.begin();
    for (let begin = 0; begin < count; begin += perRow) {
      const foot = 10 + tall + (begin / perRow) * row;
      for (const share of [0, 0.5, 1]) {
        const y = foot - share * tall;
        sketch.line(left, y, lab.width - 4, y, share ? "grid" : "axis");
        sketch.text(left - 6, y, `${fixed(100 * share * roof, roof < 0.2 && share === 0.5 ? 1 : 0)}%`, "end");
      }
      symbols.slice(begin, begin + perRow).forEach((symbol, at) => {
        const level = begin + at;
        const x = left + at * one;
        for (const [share, offset, kind] of [[before[level], 0.1, "before"], [after[level], 0.5, level === next ? "next" : "after"]])
          sketch.rect(x + offset * one, foot - (share / roof) * tall, 0.4 * one, (share / roof) * tall, kind);
        sketch.text(x + one / 2, foot + 13, symbol === " " ? "␣" : symbol === "\n" ? "⏎" : symbol, `${after[level] > 0 ? "" : "gone"} ${one < 18 ? "small" : ""}`.trim());
        put(cells[level], "x", x.toFixed(1));
        put(cells[level], "y", String(foot - tall));
        put(cells[level], "width", one.toFixed(1));
        put(cells[level], "height", String(tall + 22));
        put(cells[level], "tabindex", level === state.looked ? "0" : "-1");
      });
    }
    sketch.end();
    lab.resize(10 + rows * row);
  }

  columns.addEventListener("click", (event) => {
    const level = cells.indexOf(event.target);
    if (level >= 0) write(level);
  });
  columns.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const level = cells.indexOf(event.target);
    const walk = { ArrowLeft: -1, ArrowRight: 1, Home: -count, End: count }[event.key];
    if (walk) {
      state.looked = between(0, level + walk, count - 1);
      draw();
      cells[state.looked].focus();
    } else if (event.key === "Enter") write(level);
    else if (event.key === "Backspace") { player.stop(); text.letters -= 1; update(); }
    else if (symbols.includes(event.key)) write(symbols.indexOf(event.key));
    else if (event.key === " ") write(level);
    else return;
    event.preventDefault();
  });
  update();
}
