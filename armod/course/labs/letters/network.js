// One layer of a simple RNN, LSTM or GRU between a table of inputs and a linear head, step for step as in network.py.

function createNetwork({ cell, levels, size, gates }, numbers) {
  const shapes = [[levels + 1, gates * size], [gates * size, size], [1, gates * size], [levels, size], [1, levels]];
  let begin = 0;
  const [inputs, past, [pastBias], head, [headBias]] = shapes.map(([rows, columns]) => Array.from({ length: rows }, () => {
    begin += columns;
    return numbers.subarray(begin - columns, begin);
  }));
  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  const times = (rows, vector, bias) => rows.map((row, at) => {
    let sum = bias[at];
    for (let index = 0; index < row.length; index++) sum += row[index] * vector[index];
    return sum;
  });
  // a comes from the input, u from the old state; both hold the gates one after the other, in torch's order
  const steps = {
    rnn: (a, u) => [u.map((sum, unit) => Math.tanh(a[unit] + sum)), null],
    lstm(a, u, state, memory) {
      const sum = (gate, unit) => a[gate * size + unit] + u[gate * size + unit];
      const kept = memory.map((old, unit) => sigmoid(sum(1, unit)) * old + sigmoid(sum(0, unit)) * Math.tanh(sum(2, unit)));
      return [kept.map((value, unit) => sigmoid(sum(3, unit)) * Math.tanh(value)), kept];
    },
    gru(a, u, state) {
      const sum = (gate, unit) => a[gate * size + unit] + u[gate * size + unit];
      return [state.map((old, unit) => {
        const keep = sigmoid(sum(1, unit));
        const fresh = Math.tanh(a[2 * size + unit] + sigmoid(sum(0, unit)) * u[2 * size + unit]);
        return (1 - keep) * fresh + keep * old;
      }), null];
    },
  };
  // The log-probabilities of the next level after these ones.
  return function logProbs(written) {
    let [state, memory] = [new Array(size).fill(0), new Array(size).fill(0)];
    for (const level of [levels, ...written]) [state, memory] = steps[cell](inputs[level], times(past, state, pastBias), state, memory);
    const logits = times(head, state, headBias);
    const highest = Math.max(...logits);
    const total = highest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0));
    return logits.map((logit) => logit - total);
  };
}

// The numbers that Python's float16 wrote.
function fromHalves(bytes) {
  return Float32Array.from(new Uint16Array(bytes.buffer), (bits) => {
    const [exponent, fraction] = [(bits >> 10) & 31, (bits & 1023) / 1024];
    return (bits >> 15 ? -1 : 1) * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
  });
}

// A number between 0 and 1 for each place of each noise, the same as in facts.py.
function noiseAt(noise, place) {
  let t = (Math.imul(noise + 1, 0x9e3779b1) + Math.imul(place + 1, 0x85ebca77)) | 0;
  t = Math.imul(t ^ (t >>> 15), 0x2c1b3c6d);
  t = Math.imul(t ^ (t >>> 12), 0x297a2d39);
  return ((t ^ (t >>> 15)) >>> 0) / 4294967296;
}
