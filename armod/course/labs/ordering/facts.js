// What the counts say about one state: an ordering, the values of all pixels, and how many of them are known.

const nameOf = (pixel) => `x${lowered(pixel + 1)}`;

function orderingFacts(data, say, { ordering, pattern, step, noise }) {
  const order = data.orderings[ordering];
  const size = order.length;
  const total = data.beginnings.at(-1);

  // How many observations agree with the pixels known after `count` steps of an ordering.
  function agree(along, count) {
    const known = new Set(along.slice(0, count));
    let code = 0;
    for (let pixel = 0; pixel < size; pixel++) code = 3 * code + (known.has(pixel) ? pattern[pixel] : 2);
    return data.beginnings[code];
  }

  const steps = order.map((pixel, index) => {
    const [all, now] = [agree(order, index), agree(order, index + 1)];
    const value = pattern[pixel];
    const blacks = value === 1 ? now : all - now;
    const known = order.slice(0, index).sort((a, b) => a - b);
    const given = known.map((other) => say("known", { pixel: nameOf(other), value: pattern[other] }));
    const words = { pixel: nameOf(pixel), given, blacks, all, share: blacks / all };
    const template = given.length ? "conditional" : "conditional_first";
    return {
      pixel, value, black: words.share, factor: fixed(now / all, 3), soFar: fixed(Math.log(now / total), 3),
      uniform: noise === null ? null : data.noise[noise][index],
      conditional: say(template, words), short: say(`${template}_short`, words),
    };
  });
  const surprise = (along) => along.map((pixel, index) => ({
    pixel, nats: Math.log(agree(along, index) / agree(along, index + 1)) }));
  const mostNats = Math.log(total / Math.min(...data.beginnings.filter(Boolean)));
  return { size, order, pattern, step, steps, known: order.slice(0, step), surprise, orderings: data.orderings,
    current: ordering, mostNats, logProb: Math.log(agree(order, step) / total), finding: findingOf() };

  function findingOf() {
    if (step === 0) return say("finding_first", { pixel: order[0] + 1 });
    const [last, past, now] = [order[step - 1], agree(order, step - 1), agree(order, step)];
    if (step < size)
      return say("finding_next", { pixel: last + 1, value: pattern[last], factor: now / past, next: order[step] + 1 });
    return say("finding", {
      pattern: pattern.join(""), count: now, total, share: now / total, others: data.orderings.length - 1 });
  }
}
