// A piano roll: given melodies with their harmonies, or one that is written here; it can be heard.

export async function mount(stage, data, link) {
  const say = createWords(data.words);
  const { tunes, pitches, low, high, range, steps } = data;
  const state = { ...data.start, pitch: 72, length: 4, own: null, waits: false };
  const pace = 15 / data.tempo;
  const VOICES = ["soprano", "alto", "tenor", "bass"];
  const nameOf = (pitch) => `${pitches[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
  const knobs = createKnobs();
  const names = [...tunes.map((each) => each.name).filter((name) => name !== say("own")), say("own")];
  const turn = turning(state, update);
  const melody = knobs.choice("Melody", names, choose);
  const harmony = knobs.slider("Harmony", 1, tunes[0].harmonies.length, (value) => turn("harmony")(value - 1));
  const step = knobs.slider("Step", 1, steps, (value) => turn("step")(value - 1));
  const pitch = knobs.slider("Pitch", range[0], range[1], turn("pitch"));
  const length = knobs.slider("Length", 1, 16, turn("length"));
  const play = knobs.button(say("play"), () => (playing ? stop() : start()));
  const lab = createLab(stage, {
    kind: "compose-lab", name: say("roll"), knobs: [melody, harmony, step, pitch, length, play], redraw: draw });
  put(lab.svg, "tabindex", "0");
  put(lab.svg, "data-lm-suppress-shortcuts", "true");
  const sketch = createSketch(lab.svg);
  lab.legend([...VOICES, "cursor"].map((name) => [name, say(name)]));
  const read = lab.reading(say("fold"), { code });
  const place = { left: 34, top: 6, cell: 10, row: 8 };
  let playing = null;

  const tune = () => state.own ?? tunes[state.tune];
  const voices = () => [tune().soprano, ...(tune().harmonies[state.harmony] ?? [])];
  const endOf = (notes) => Math.max(0, ...notes.map(([begin, long]) => begin + long));
  // Pairs of a pitch (null is a rest) and a length, as Python takes them.
  function pairs(notes) {
    let at = 0;
    return notes.flatMap(([begin, long, high_]) => {
      const rest = begin > at ? [[null, begin - at]] : [];
      at = begin + long;
      return [...rest, [high_, long]];
    });
  }

  function code() {
    const notes = pairs(tune().soprano).map(([high_, long]) => `(${high_ ?? "None"}, ${long})`).join(", ");
    return `from armod.course.labs.compose.lab import compose\ncompose([${notes}])`;
  }

  function choose(name) {
    const number = tunes.findIndex((each) => each.name === name);
    state.own = number < 0 ? { ...tune(), name } : null;
    if (number >= 0) state.tune = number;
    update();
  }

  function update() {
    const { name, harmonies, nats, triads, soprano } = tune();
    const count = harmonies.length;
    melody.show(state.own ? say("own") : name);
    harmony.control.disabled = count === 0;
    harmony.show(state.harmony + 1);
    step.show(state.step + 1);
    pitch.show(state.pitch, nameOf(state.pitch));
    length.show(state.length);
    put(play.control, "text", say(playing ? "stop" : "play"));
    lab.find(count ? say("finding", { name, number: state.harmony + 1, count, triads: triads[state.harmony], nats: nats[state.harmony] })
      : say("finding_own", { notes: soprano.length }));
    const sounds = voices().flatMap((notes, voice) => notes.filter(([begin, long]) => begin <= state.step && state.step < begin + long)
      .map((note) => say("sound", { voice: VOICES[voice], pitch: nameOf(note[2]) })));
    const detail = say("detail", { step: state.step + 1, steps, chord: sounds.join(", ") || say("silence") });
    lab.tell([detail, count ? "" : say(state.waits ? "detail_kernel" : "detail_python"), say("hint")].filter(Boolean).join(" "));
    read();
    draw();
  }

  const across = (at) => place.left + at * place.cell;
  const down = (high_) => place.top + (high - high_) * place.row;

  function draw() {
    place.cell = (lab.width - place.left - 2) / steps;
    const bottom = down(low - 1);
    sketch.begin();
    sketch.rect(place.left, down(range[1]), steps * place.cell, (range[1] - range[0] + 1) * place.row, "zone");
    for (let at = 0; at <= steps; at += 4) sketch.line(across(at), place.top, across(at), bottom, at % 16 ? "grid" : "bar");
    for (let high_ = Math.ceil(low / 12) * 12; high_ <= high; high_ += 12) {
      sketch.line(place.left, down(high_ - 1), across(steps), down(high_ - 1), "grid");
      sketch.text(place.left - 6, down(high_) + place.row / 2, nameOf(high_), "end");
    }
    for (let bar = 0; bar < steps / 16; bar += 1) sketch.text(across(16 * bar) + 3, bottom + 12, String(bar + 1), "start");
    if (playing) sketch.rect(across(state.step), place.top, place.cell, bottom - place.top, "now");
    // from the bass up, so that the melody is never hidden
    voices().map((notes, voice) => [notes, VOICES[voice]]).reverse().forEach(([notes, name]) => {
      for (const [begin, long, high_] of notes)
        sketch.rect(across(begin) + 1, down(high_) + 0.5, long * place.cell - 2, place.row - 1, name, { rx: 2 });
    });
    const wide = Math.min(state.length, steps - state.step) * place.cell;
    sketch.rect(across(state.step), down(state.pitch) - 1, wide, place.row + 2, "cursor");
    sketch.end();
    lab.resize(bottom + 26);
  }

  // The melody with a note, or a rest if the pitch is null, in place of what is there.
  function written(notes, begin, end, high_) {
    const rest = notes.flatMap(([from, long, sounding]) => {
      const to = from + long;
      return [[from, Math.min(to, begin)], [Math.max(from, end), to]]
        .filter(([first, last]) => last > first).map(([first, last]) => [first, last - first, sounding]);
    });
    return [...rest, ...(high_ === null ? [] : [[begin, end - begin, high_]])].sort((a, b) => a[0] - b[0]);
  }
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  let timer = null;
  function write(soprano) {
    stop();
    state.own = { name: say("own"), soprano, harmonies: [], nats: [], triads: [], steps: endOf(soprano) };
    state.waits = Boolean(link) && soprano.length > 0;
    clearTimeout(timer);
    if (state.waits) timer = setTimeout(() => link.send({ melody: pairs(soprano) }), 250);
    update();
  }
  // The kernel's harmonies belong to the last melody that it was sent; from Python another may come.
  link?.follow(["found"], () => {
    const found = link.get("found");
    if (state.waits && !same(found.soprano, state.own?.soprano)) return;
    state.waits = false;
    state.own = { ...found, name: say("own") };
    update();
  });

  let before = [];
  let first = 0;
  const grid = () => (state.length % 2 ? 1 : 2);
  const stepAt = (x) => between(0, Math.floor((x - place.left) / place.cell), steps - 1);
  const pitchAt = (y) => between(range[0], high - Math.floor((y - place.top) / place.row), range[1]);
  onDrag(lab.svg, {
    start({ x, y }) {
      if (x < place.left || y < down(range[1]) || y > down(range[0] - 1)) return false;
      state.pitch = pitchAt(y);
      const at = stepAt(x);
      before = tune().soprano;
      const there = before.find(([begin, long, high_]) => begin <= at && at < begin + long && high_ === state.pitch);
      first = state.step = there ? there[0] : at - (at % grid());
      if (there) write(written(before, there[0], there[0] + there[1], null));
      else write(written(before, first, Math.min(first + state.length, steps), state.pitch));
      return !there;
    },
    move({ x, y }) {
      state.pitch = pitchAt(y);
      const end = Math.max(first + Math.min(state.length, grid()), stepAt(x) + 1);
      write(written(before, first, Math.min(Math.max(end, first + 1), steps), state.pitch));
    },
  });
  const moves = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  lab.svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) {
      const [right, up] = moves[event.key];
      state.step = between(0, state.step + right * grid(), steps - 1);
      state.pitch = between(range[0], state.pitch + up, range[1]);
      update();
    } else if ([" ", "Delete", "Backspace"].includes(event.key)) {
      const end = Math.min(state.step + state.length, steps);
      const begin = state.step;
      state.step = Math.min(end, steps - 1);
      write(written(tune().soprano, begin, end, event.key === " " ? state.pitch : null));
    } else if (event.key === "Escape" && state.own) {
      clearTimeout(timer);
      [state.own, state.waits] = [null, false];
      update();
    } else return;
    event.preventDefault();
  });

  // Sound begins when it is asked for, at the cursor, or at the beginning if nothing comes after.
  function start() {
    const notes = voices().flat();
    const from = state.step < endOf(notes) ? state.step : 0;
    if (!notes.length || !globalThis.AudioContext) return lab.find(say("none"));
    const context = new AudioContext();
    const origin = playNotes(context, notes, pace, from);
    const clock = setInterval(() => {
      const at = Math.floor((context.currentTime - origin) / pace);
      if (at >= endOf(notes) || !stage.isConnected) return stop();
      state.step = between(from, at, steps - 1);
      update();
    }, 60);
    playing = { context, clock, from };
    state.step = from;
    update();
  }
  function stop() {
    if (!playing) return;
    clearInterval(playing.clock);
    playing.context.close();
    state.step = playing.from;
    playing = null;
    update();
  }
  update();
}
