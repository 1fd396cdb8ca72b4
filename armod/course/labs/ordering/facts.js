// What the tables say about one state: an ordering, the values of all pixels, and how many of them are known.

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const nameOf = (pixel) => `x${[...String(pixel + 1)].map((digit) => SUBSCRIPTS[digit]).join("")}`;

function orderingFacts(data, { ordering, pattern, step, noise }) {
  const order = data.orderings[ordering];
  const size = order.length;
  const total = data.beginnings.at(-1).count;

  // The row of the table for the pixels known after `count` steps of an ordering.
  function beginning(along, count) {
    const known = new Set(along.slice(0, count));
    let code = 0;
    for (let pixel = 0; pixel < size; pixel++) code = 3 * code + (known.has(pixel) ? pattern[pixel] : 2);
    return data.beginnings[code];
  }

  const steps = order.map((pixel, index) => {
    const [past, now] = [beginning(order, index), beginning(order, index + 1)];
    const [white, black] = past.next[pixel];
    const known = order.slice(0, index).sort((a, b) => a - b);
    const given = known.map((other) => `${nameOf(other)} = ${pattern[other]}`).join(", ");
    const event = `p(${nameOf(pixel)} = 1${given ? ` | ${given}` : ""})`;
    const blacks = pattern[pixel] === 1 ? now.count : past.count - now.count;
    return { pixel, event, ratio: `${blacks}/${past.count}`, white, black, value: pattern[pixel],
      factor: pattern[pixel] === 1 ? black : white, uniform: noise === null ? null : data.noise[noise][index],
      soFar: now.shown };
  });
  const surprise = (along) => along.map((pixel, index) => ({
    pixel, nats: beginning(along, index).logProb - beginning(along, index + 1).logProb }));
  const whole = beginning(order, size);
  return { size, order, pattern, step, steps, total, whole, isKept: noise === null, known: order.slice(0, step), surprise, orderings: data.orderings,
    current: ordering, mostNats: Math.max(...data.beginnings.map(({ logProb }) => -logProb)) };
}

function findingOf({ size, order, pattern, step, steps, total, whole, orderings }) {
  if (step === 0) return `Pixel ${order[0] + 1} comes first: its probability looks at no other pixel`;
  const { pixel, value, factor } = steps[step - 1];
  if (step < size) return `Pixel ${pixel + 1} is ${value}, with probability ${factor}; pixel ${order[step] + 1} is next`;
  return `Pattern ${pattern.join("")} has probability ${whole.count}/${total} = ${whole.share}, `
    + `here and in the other ${orderings.length - 1} orderings`;
}
