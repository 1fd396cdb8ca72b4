// The explorer: knobs, the finding, the drawing, and a table for those who prefer to read.

export function mount(stage, data) {
  const say = createWords(data.words);
  // `kept`: the pattern that stays while the ordering changes, or null when each ordering draws its own; `own`: uniform
  // numbers that were dragged, or null; `bets`: in percent on a 1, one for each step taken, or null.
  const state = { ...data.start, kept: null, own: null, isOthers: false, bet: 50, bets: null };
  const size = data.orderings[0].length;
  const turn = (name) => (value) => {
    player.stop();
    if (name !== "step" && state.bets) state.step = 0;
    turning(state, update)(name)(value);
  };
  const knobs = createKnobs();
  const ordering = knobs.slider("Ordering", 1, data.orderings.length, (number) => turn("ordering")(number - 1));
  const noise = knobs.slider("Uniform numbers", 1, data.noise.length, (number) => {
    state.own = null;
    turn("noise")(number - 1);
  });
  const step = knobs.slider("Pixels known", 0, size, turn("step"));
  const last = knobs.slider("The last u", 0, 999, (thousandths) => pull(state.step - 1, thousandths / 1000));
  const bet = knobs.slider("Your bet on 1", 1, 99, turning(state, update)("bet"));
  const player = createPlayer(stage, { state, name: "step", last: () => size, pause: 1100, update: walked });
  const keep = tick("Keep this pattern in every ordering", (isOn) => turn("kept")(isOn ? patternNow() : null));
  // One looks at all pixels or bets on the next: each of the two switches turns the other off.
  const others = tick("Given all others", (isOn) => {
    state.bets = null;
    turn("isOthers")(isOn);
  });
  const betting = tick("Bet before each step", (isOn) => {
    if (isOn) Object.assign(state, { step: 0, isOthers: false });
    turn("bets")(isOn ? [] : null);
  });
  const lab = createLab(stage, { kind: "ordering-explorer", name: "",
    knobs: [ordering, noise, step, last, player, bet, keep.whole, others.whole, betting.whole], redraw: update });
  const drawing = createDrawing(say, lab);
  const read = lab.reading("As a table", {
    caption: "The steps taken",
    columns: ["pixel", "conditional", "uniform number", "value", "factor", "log p so far"],
    rows: () => facts.steps.slice(0, facts.step).map(({ pixel, conditional, uniform, value, factor, soFar }) =>
      [nameOf(pixel), conditional, uniform === null ? "–" : fixed(uniform, 3), value, factor, soFar]),
  });
  let facts;

  function tick(words, onTurn) {
    const control = element("input", { type: "checkbox", id: uniqueName("tick") });
    control.addEventListener("input", () => onTurn(control.checked));
    return { control, whole: element("div", { class: "keep" }, control, element("label", { for: control.id }, words)) };
  }

  // Who steps walks along an ordering again.
  function walked() {
    state.isOthers = false;
    update();
  }
  const uniformNow = () => state.own ?? data.noise[state.noise];
  const patternNow = () => state.kept ?? drawnPattern(data, data.orderings[state.ordering], uniformNow());

  // Another uniform number for one step; the pixels after it are drawn anew with the numbers that they have.
  function pull(index, uniform) {
    player.stop();
    state.own = uniformNow().map((number, each) => (each === index ? uniform : number));
    update();
  }

  function update() {
    const pattern = patternNow();
    const uniform = state.kept ? null : uniformNow();
    facts = state.isOthers ? othersFacts(data, say, { ...state, pattern }) : orderingFacts(data, say, { ...state, pattern, uniform });
    const isBetting = state.bets !== null;
    if (isBetting) {
      // a step that was taken has the bet that stood there; a step back takes its bet away
      while (state.bets.length < state.step) state.bets.push(state.bet);
      state.bets.length = state.step;
      facts.bet = state.bet;
      facts.finding = betFinding(say, facts, state.bets);
    }
    const { order, finding } = facts;
    ordering.show(state.ordering + 1, order.map(nameOf).join(" "), `pixels ${order.map((pixel) => pixel + 1).join(", ")}`);
    noise.show(state.noise + 1, state.own ? "own" : `row ${state.noise + 1}`);
    noise.control.disabled = state.kept !== null;
    step.show(state.step, `${state.step} of ${size}`);
    step.control.disabled = state.isOthers;
    const isDrawn = state.step > 0 && !state.kept && !state.isOthers;
    last.control.disabled = !isDrawn;
    last.show(isDrawn ? Math.round(1000 * uniformNow()[state.step - 1]) : 0, isDrawn ? fixed(uniformNow()[state.step - 1], 3) : "–");
    bet.control.disabled = !isBetting;
    bet.show(state.bet, `${state.bet}%`);
    keep.control.checked = state.kept !== null;
    others.control.checked = state.isOthers;
    betting.control.checked = state.bets !== null;
    player.show();
    lab.find(finding);
    lab.tell(say(state.isOthers ? "hint_others" : isBetting ? "hint_bet" : "hint"));
    put(lab.svg, "aria-label", finding);
    read();
    drawing.draw(facts);
  }

  let held = null;
  const drag = ({ x }) => pull(held, between(0, Math.floor(1000 * drawing.along(x)), 999) / 1000);
  onDrag(lab.svg, {
    start(at) {
      held = drawing.rowAt(at);
      if (held === null || held >= state.step || state.kept || state.isOthers || state.bets) return false;
      drag(at);
      return true;
    },
    move: drag,
    isSideways: true,
  });
  update();
}
