// One unit of an LSTM or a GRU over all steps, its gates set by hand; the sums are those of facts.py.

const openGate = (bias) => 1 / (1 + Math.exp(-bias));

function gatesMoments({ gates, inputs }, setting) {
  const moments = [];
  let [h, c] = [0, 0];
  inputs[setting.inputs].forEach((x, index) => {
    const open = Object.fromEntries(gates[setting.cell].map((name) => {
      const isFlipped = setting.flips[name]?.includes(index + 1);
      return [name, openGate(isFlipped ? -setting.biases[name] : setting.biases[name])];
    }));
    const past = setting.weight * h;
    const now = { x, gates: open, h_before: h, c_before: c };
    if (setting.cell === "lstm") {
      now.new = Math.tanh(x + past);
      now.kept = open.forget * c;
      now.c = now.kept + open.input * now.new;
      now.h = open.output * Math.tanh(now.c);
    } else {
      now.new = Math.tanh(x + open.reset * past);
      now.kept = open.update * h;
      now.c = now.h = now.kept + (1 - open.update) * now.new;
    }
    moments.push(now);
    [h, c] = [now.h, now.c];
  });
  return moments;
}

function gatesFacts(data, say, setting, step) {
  const moments = gatesMoments(data, setting);
  const keeps = setting.cell === "lstm" ? "forget" : "update";
  const left = moments.slice(step).reduce((share, { gates }) => share * gates[keeps], 1);
  const now = moments[step - 1];
  const values = { step, weight: setting.weight, ...now.gates, ...now, rest: 1 - (now.gates.update ?? 0),
    squash: Math.tanh(now.c) };
  return {
    moments, left, values,
    finding: say(`finding_${setting.cell}`, { left, step, last: data.steps }),
    detail: say(`detail_${setting.cell}`, values),
  };
}
