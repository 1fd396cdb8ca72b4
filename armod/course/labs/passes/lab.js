// Three images: the guess after a pass, the pixels that are final by then, and those that the filters make certain.

export async function mount(stage, data) {
  const say = createWords(data.words);
  const guesses = await unpack(data.guesses);
  const { height, width, last, final, waves } = data;
  const size = height * width;
  const state = { ...data.start };
  const knobs = createKnobs();
  const player = createPlayer(stage, { state, name: "number", last: () => last, pause: 160, update });
  const turn = turning(state, update);
  const number = knobs.slider("Pass", 0, last, (value) => {
    player.stop();
    turn("number")(value);
  });
  const row = knobs.slider("Row", 1, height, (value) => turn("row")(value - 1));
  const column = knobs.slider("Column", 1, width, (value) => turn("column")(value - 1));
  const lab = createLab(stage, {
    kind: "passes-lab", name: "The guess, the final pixels, and the waves", knobs: [number, row, column, player], redraw: draw });
  const sketch = createSketch(lab.svg);
  lab.legend([["ink", say("ink")], ["paper", say("paper")], ["wrong-ink", say("wrong_ink")], ["wrong-paper", say("wrong_paper")],
    ...[["shade-0", say("early")], [`shade-${data.shades.length - 1}`, say("late")]]]);
  const counts = (made) => made.filter((pass) => pass <= state.number).length;
  let places = [];
  let cell = 1;

  function update() {
    number.show(state.number);
    row.show(state.row + 1);
    column.show(state.column + 1);
    player.show();
    const pixel = state.row * width + state.column;
    lab.find(state.number
      ? say("finding", { number: state.number, last, size, final: counts(final), waves: counts(waves) })
      : say("finding_start"));
    lab.tell(`${say("detail", { row: state.row + 1, column: state.column + 1, pass: final[pixel], wave: waves[pixel] })} ${say("hint")}`);
    draw();
  }

  // The kind of each pixel, for each of the images.
  function kinds() {
    const bytes = Math.ceil(size / 8);
    const isInk = (pixel) => state.number > 0 && bitOf(guesses, (state.number - 1) * bytes, pixel);
    const shade = (made) => {
      const most = made === final ? last : Math.max(...waves);
      return (pixel) => (made[pixel] > state.number ? "paper" : `shade-${Math.floor(((made[pixel] - 1) * data.shades.length) / most)}`);
    };
    const guess = (pixel) => (final[pixel] > state.number ? "wrong-" : "") + (isInk(pixel) ? "ink" : "paper");
    return [["guess", guess], ["final", shade(final)], ["wave", shade(waves)]];
  }

  function draw() {
    const perRow = lab.width < 560 ? 1 : 3;
    const room = Math.floor((lab.width - 24 * (perRow - 1)) / perRow);
    cell = Math.max(2, Math.floor(Math.min(room, 300) / Math.max(height, width)));
    places = [];
    sketch.begin();
    kinds().forEach(([name, kind], index) => {
      const left = (index % perRow) * (room + 24);
      const top = 26 + Math.floor(index / perRow) * (height * cell + 60);
      places.push({ left, top });
      sketch.text(left, top - 14, say(name), "start strong");
      const paths = new Map();
      for (let pixel = 0; pixel < size; pixel += 1) {
        const x = left + (pixel % width) * cell;
        const y = top + Math.floor(pixel / width) * cell;
        const of = kind(pixel);
        if (of !== "paper") paths.set(of, `${paths.get(of) ?? ""}M${x} ${y}h${cell}v${cell}h${-cell}z`);
      }
      sketch.rect(left, top, width * cell, height * cell, "frame");
      for (const [of, path] of [...paths].sort()) sketch.path(path, of);
      const below = { guess: say("number", state), final: say("count", { count: counts(final) }), wave: say("count", { count: counts(waves) }) };
      sketch.text(left, top + height * cell + 15, below[name], "start");
      sketch.rect(left + state.column * cell, top + state.row * cell, cell, cell, "chosen");
    });
    sketch.end();
    lab.resize(places.at(-1).top + height * cell + 28);
  }

  const pixelAt = ({ x, y }) => {
    const place = places.find(({ left, top }) => x >= left && x < left + width * cell && y >= top && y < top + height * cell);
    return place && [Math.floor((y - place.top) / cell), Math.floor((x - place.left) / cell)];
  };
  const choose = (place) => {
    const found = pixelAt(place);
    if (!found) return false;
    [state.row, state.column] = found;
    update();
    return true;
  };
  onDrag(lab.svg, { start: choose, move: choose });
  update();
}
