// The same image three times, as far as each sampler has come; the facts are those of facts.py.

export function mount(stage, data) {
  const say = createWords(data.words);
  const { height, width } = data;
  const size = height * width;
  const state = { ...data.start };
  const made = data.accepted.map((passes) => passes.reduce((sums, number) => [...sums, sums.at(-1) + number], [0]));
  const knobs = createKnobs();
  const player = createPlayer(stage, { state, name: "time", last: () => size, pause: 40, update });
  const turn = turning(state, update);
  const clock = knobs.choice("Equal for all", data.clocks.map((name) => say(name)), (text) =>
    turn("clock")(data.clocks.find((name) => say(name) === text)));
  const time = knobs.slider("Gone by", 0, size, (value) => {
    player.stop();
    turn("time")(value);
  });
  const image = knobs.slider("Image", 1, data.images.length, (value) => turn("image")(value - 1));
  const lab = createLab(stage, {
    kind: "race-lab", name: "The image, drawn by three samplers", knobs: [clock, time, image, player], redraw: draw });
  const sketch = createSketch(lab.svg);
  lab.legend([["ink", say("ink")], ["paper", say("paper")], ["unmade", say("unmade")]]);
  let now = [];

  function race() {
    const { clock: kind, time: gone, image: index } = state;
    const ends = [[size, size * size], [size, size], [made[index].length - 1, data.positions[index]]];
    return ends.map(([passes, conditionals], sampler) => {
      const number = Math.min(passes, kind === "passes" ? gone : Math.floor((gone * passes) / conditionals));
      return {
        pixels: sampler === 2 ? made[index][number] : number,
        passes: number,
        conditionals: Math.floor((number * conditionals) / passes),
      };
    });
  }

  function update() {
    now = race();
    clock.show(say(state.clock));
    time.show(state.time);
    image.show(state.image + 1);
    player.show();
    const [naive, cached, guess] = now.map(({ pixels }) => pixels);
    lab.find(say(`finding_${state.clock}`, { time: state.time, naive, cached, guess }));
    lab.tell(data.details[state.image]);
    draw();
  }

  function draw() {
    const perRow = lab.width < 560 ? 1 : 3;
    const room = Math.floor((lab.width - 24 * (perRow - 1)) / perRow);
    const cell = Math.max(2, Math.floor(Math.min(room, 290) / Math.max(height, width)));
    let bottom = 0;
    sketch.begin();
    ["naive", "cached", "guess"].forEach((name, index) => {
      const { pixels, passes, conditionals } = now[index];
      const left = (index % perRow) * (room + 24);
      const top = 26 + Math.floor(index / perRow) * (height * cell + 76);
      let [ink, unmade] = ["", ""];
      for (let pixel = 0; pixel < size; pixel += 1) {
        const square = () => `M${left + (pixel % width) * cell} ${top + Math.floor(pixel / width) * cell}h${cell}v${cell}h${-cell}z`;
        if (pixel >= pixels) unmade += square();
        else if (data.images[state.image][pixel] === "1") ink += square();
      }
      bottom = top + height * cell;
      sketch.text(left, top - 14, say(name), "start strong");
      sketch.rect(left, top, width * cell, height * cell, "frame");
      sketch.path(ink, "ink");
      sketch.path(unmade, "unmade");
      sketch.text(left, bottom + 15, say("counter_passes", { passes }), "start");
      sketch.text(left, bottom + 33, say("counter_conditionals", { conditionals }), "start");
    });
    sketch.end();
    lab.resize(bottom + 46);
  }
  update();
}
