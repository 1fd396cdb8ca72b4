// One sampling pass: a unit is final once the last input that it sees is drawn. Then it is computed, once, and kept: caching.

// After how many draws each unit is final, level by level from the inputs up, as facts.py has it.
function finalSteps({ masks, position }) {
  const steps = [position.map((place) => place + 1)];
  for (const mask of masks) {
    const below = steps.at(-1);
    steps.push(mask.map((row) => Math.max(0, ...row.flatMap((kept, unit) => (kept ? [below[unit]] : [])))));
  }
  return steps;
}

// The knobs of the pass, what it says, and what it adds to the facts: `pass` with the step and the steps of all units.
function createSampling(stage, knobs, { say, size, update }) {
  const state = { step: 0, isOn: false };
  const turn = (change) => {
    player.stop();
    Object.assign(state, change);
    update();
  };
  const views = [say("view_pairs"), say("view_pass")];
  const view = knobs.choice("Show", views, (name) => turn({ isOn: name === views[1] }));
  const step = knobs.slider("Variables drawn", 0, 1, (value) => turn({ step: value }));
  const player = createPlayer(stage, { state, name: "step", last: size, pause: 900, update });
  const count = (levels, fits) => levels.flat().filter(fits).length;

  function sentences({ ordering, pass }) {
    const computed = pass.steps.slice(1);
    const [hidden, outputs] = [computed.slice(0, -1), computed.slice(-1)];
    const isNew = (final) => final === pass.step;
    const all = computed.flat().length;
    // the first variable whose output waits for itself or a later one: there the pass stops for good
    const stuck = ordering.slice(0, pass.step + 1).find((variable, before) => outputs[0][variable] > before);
    const values = { drawn: pass.step, size: ordering.length, all, product: all * ordering.length,
      final: count(computed, (final) => final <= pass.step), variable: (ordering[pass.step - 1] ?? 0) + 1, next: (stuck ?? pass.next ?? -1) + 1,
      hidden: count(hidden, isNew), outputs: count(outputs, isNew) };
    const isLast = pass.next === null;
    return {
      finding: say(stuck !== undefined ? "pass_waits" : isLast ? "pass_end" : "pass", values),
      detail: say(pass.step ? "pass_detail" : "pass_first", values) + (isLast || stuck !== undefined ? "" : ` ${say("pass_next", values)}`),
    };
  }

  return {
    knobs: [view, step, player],
    // The facts, with the pass while it is shown.
    on(facts) {
      state.step = between(0, state.step, facts.ordering.length);
      view.show(views[Number(state.isOn)]);
      put(step.control, "max", facts.ordering.length);
      step.show(state.step, `${state.step} of ${facts.ordering.length}`);
      step.whole.hidden = player.whole.hidden = !state.isOn;
      player.show();
      if (!state.isOn) return facts;
      const pass = { step: state.step, steps: finalSteps(facts), next: facts.ordering[state.step] ?? null };
      return { ...facts, pass: { ...pass, ...sentences({ ...facts, pass }) } };
    },
  };
}
