// A text as sound: its wave, which grows while it is heard or made, above the planned phones.

export async function mount(stage, data, link) {
  const say = createWords(data.words);
  const known = new Set(data.known.split(" "));
  const keyOf = ({ text, speed, pitch }) => JSON.stringify([text, speed, pitch]);
  const said = new Map();
  const all = await unpack(data.levels);
  let place = 0;
  for (const each of data.said) {
    const length = 80 * each.frames.reduce((sum, frames) => sum + frames, 0);
    said.set(keyOf(each), { phones: each.phones, frames: each.frames, wave: waveOf(all.subarray(place, (place += length))) });
  }
  const speeds = link ? data.any : data.speeds;
  const pitches = link ? data.any : data.pitches;
  const traits = () => Object.fromEntries(["text", "speed", "pitch"].map((name) => [name, link.get(name)]));
  const state = { ...data.start, ...(link ? traits() : {}) };
  state.typed = state.text;
  let growing = null; // the levels of a sound that the kernel is making
  let asked = ""; // what the kernel was asked for last
  let isAsking = false;
  let problem = null;
  let shown = Infinity; // samples that are seen
  let clock = null;

  const knobs = createKnobs();
  const ask = (changes) => {
    Object.assign(state, changes);
    update();
  };
  const text = knobs.text("Text, yours or a prepared one", { spellcheck: "false", autocomplete: "off" }, (value) => { state.typed = value; });
  text.whole.classList.add("wide");
  const speak = knobs.button("Speak", () => {
    ask({ text: state.typed.trim() });
    grow();
  });
  const choice = knobs.choice("Prepared", data.texts, (value) => ask({ text: value, typed: value }));
  const speed = knobs.slider("Speed", 0, speeds.length - 1, (index) => ask({ speed: speeds[index] }));
  const pitch = knobs.slider("Pitch", 0, pitches.length - 1, (index) => ask({ pitch: pitches[index] }));
  const lab = createLab(stage, { kind: "speak-lab", name: "The wave and its phones", knobs: [text, speak, choice, speed, pitch], redraw: draw });
  const audio = element("audio", { controls: "", preload: "auto", "data-lm-suppress-shortcuts": "true" });
  stage.append(audio);
  const sketch = createSketch(lab.svg);
  lab.legend([["wave", say("wave")], ["phone", say("phone")]]);
  const read = lab.reading(say("fold"), { code });
  text.control.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    speak.control.click();
  });

  function code() {
    return `from armod import speech\nwave = speech.speak(${JSON.stringify(state.text)}, speed=${state.speed / 100}, pitch=${state.pitch / 100})`;
  }

  // The sound begins, and the wave grows with it.
  function grow() {
    clearInterval(clock);
    const now = said.get(keyOf(state));
    if (!now || problem) return;
    const begin = performance.now();
    shown = 0;
    audio.currentTime = 0;
    audio.play().catch(() => {}); // where nothing may be heard, the wave grows all the same
    clock = setInterval(() => {
      shown = Math.round(((performance.now() - begin) / 1000) * data.rate);
      if (shown < now.wave.length && stage.isConnected) tell();
      else finish();
    }, 40);
    tell();
  }
  function finish() {
    clearInterval(clock);
    clock = null;
    shown = Infinity;
    tell();
  }

  function hear() {
    const part = link.get("_part");
    if (keyOf(part) !== keyOf(state)) return;
    if (part.problem) {
      problem = part.problem;
      return tell();
    }
    if (part.begin === 0) growing = { phones: part.phones, frames: part.frames, levels: [] };
    if (growing?.levels.length !== part.begin) return;
    for (const letter of atob(part.levels)) growing.levels.push(letter.charCodeAt(0));
    const { phones, frames, levels } = growing;
    if (levels.length === 80 * frames.reduce((sum, each) => sum + each, 0)) {
      said.set(keyOf(state), { phones, frames, wave: waveOf(levels) });
      update();
      grow();
    } else tell();
  }
  link?.follow(["_part"], hear);
  // Python may set the knobs, too.
  link?.follow(["text", "speed", "pitch"], () => {
    const set = traits();
    if (isAsking || keyOf(set) === keyOf(state)) return;
    asked = keyOf(set);
    ask({ ...set, typed: set.text });
  });

  function update() {
    clearInterval(clock);
    shown = Infinity;
    growing = null;
    if (state.typed !== text.control.value) text.show(state.typed);
    choice.show(state.text);
    speed.show(speeds.indexOf(state.speed), fixed(state.speed / 100, 2));
    pitch.show(pitches.indexOf(state.pitch), say("pitch", { asked: state.pitch / 100, heard: (state.pitch / 100) ** data.followed }));
    const spoken = wordsOf(state.text);
    const isKnown = (word) => known.has(word) || /^[\p{Nd}#*@&%+=]/u.test(word);
    const unknown = [...new Set(spoken.filter((word) => !isKnown(word)))].sort();
    problem = unknown.length ? say("unknown", { unknown: unknown.map((word) => `“${word}”`), known: known.size })
      : spoken.length ? null : say("empty");
    const now = problem ? null : said.get(keyOf(state));
    if (now) {
      put(audio, "src", addressOf(now.wave, data.rate));
      put(audio, "aria-label", say("player", state));
    } else if (!problem && link && asked !== keyOf(state)) {
      asked = keyOf(state);
      isAsking = true;
      link.send({ text: state.text, speed: state.speed, pitch: state.pitch });
      isAsking = false;
    }
    audio.hidden = !now;
    tell();
  }

  function tell() {
    const now = problem ? null : said.get(keyOf(state));
    const hint = say(link ? "with_kernel" : "without_kernel", { known: known.size });
    const factors = { text: state.text, speed: state.speed / 100, pitch: state.pitch / 100 };
    const samples = (now ?? growing)?.frames.reduce((sum, frames) => sum + 80 * frames, 0);
    const made = now ? Math.min(shown, samples) : growing?.levels.length;
    if (problem) lab.find(problem);
    else if (now && made === samples) lab.find(say("finding", { ...factors, samples, seconds: samples / data.rate }));
    else if (samples) lab.find(say("growing", { ...factors, made, samples }));
    else lab.find(say(link ? "waiting" : "missing", factors));
    const plan = now ?? growing;
    lab.tell(`${plan && !problem ? say("detail", { ...factors, count: plan.phones.length }) : say("unspoken")} ${hint}`);
    read();
    draw();
  }

  function draw() {
    const plan = problem ? null : (said.get(keyOf(state)) ?? growing);
    const [middle, reach, top, strip] = [76, 70, 152, 26];
    sketch.begin();
    sketch.line(0, middle, lab.width, middle, "middle");
    if (plan) {
      const wave = plan.wave ?? waveOf(plan.levels);
      const frames = plan.frames.reduce((sum, each) => sum + each, 0);
      const stretch = (80 * frames) / lab.width;
      const loudest = plan.wave ? wave.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-9) : 0.5;
      const [above, below] = [[], []];
      const made = Math.min(shown, wave.length);
      for (let x = 0; x < lab.width && (x + 1) * stretch <= made; x += 1) {
        let [low, high] = [Infinity, -Infinity];
        for (let time = Math.floor(x * stretch); time < (x + 1) * stretch && time < made; time += 1) {
          low = Math.min(low, wave[time]);
          high = Math.max(high, wave[time]);
        }
        above.push(`${x} ${(middle - (between(-1, high / loudest, 1)) * reach).toFixed(1)}`);
        below.unshift(`${x} ${(middle - (between(-1, low / loudest, 1)) * reach).toFixed(1)}`);
      }
      if (above.length) sketch.path(`M${[...above, ...below].join("L")}Z`, "wave");
      const scale = (lab.width - 1) / frames;
      let left = 0.5;
      plan.phones.forEach((phone, index) => {
        const wide = scale * plan.frames[index];
        sketch.rect(left, top, wide, strip, "phone");
        if (wide > 10 * phone.length) sketch.text(left + wide / 2, top + strip / 2, phone, "strong");
        left += wide;
      });
    }
    sketch.end();
    lab.resize(top + strip + 4);
  }

  update();
}
