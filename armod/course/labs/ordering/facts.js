// What the counts say about one state: an ordering, the values of all pixels, and how many of them are known.

const nameOf = (pixel) => `x${lowered(pixel + 1)}`;

// How many observations have these values; 2 for a pixel that may have either.
const countOf = ({ beginnings }, values) => beginnings[values.reduce((code, value) => 3 * code + value, 0)];

// The values of all pixels that the uniform numbers lead to along an ordering.
function drawnPattern(data, order, uniform) {
  const values = order.map(() => 2);
  order.forEach((pixel, index) => {
    const all = countOf(data, values);
    values[pixel] = 0;
    if (uniform[index] * all >= countOf(data, values)) values[pixel] = 1;
  });
  return values;
}

// `uniform`: the numbers that drew the pattern, or null for a pattern that was kept.
function orderingFacts(data, say, { ordering, pattern, step, uniform }) {
  const order = data.orderings[ordering];
  const size = order.length;
  const total = data.beginnings.at(-1);

  // How many observations agree with the pixels known after `count` steps of an ordering.
  function agree(along, count) {
    const known = new Set(along.slice(0, count));
    return countOf(data, pattern.map((value, pixel) => (known.has(pixel) ? value : 2)));
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
      uniform: uniform?.[index] ?? null,
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

// The same pattern, each pixel given all others, as switches.py has it.
function othersFacts(data, say, { ordering, pattern }) {
  const order = data.orderings[ordering];
  const total = data.beginnings.at(-1);
  const share = (values, pixel) => countOf(data, values) / countOf(data, values.map((value, other) => (other === pixel ? 2 : value)));
  const patterns = Array.from({ length: 2 ** order.length }, (_, code) => order.map((_, pixel) => (code >> (order.length - 1 - pixel)) & 1));
  const rows = patterns.map((values) => ({
    values, share: countOf(data, values) / total,
    product: countOf(data, values) ? values.reduce((product, _, pixel) => product * share(values, pixel), 1) : 0,
  }));
  const sum = rows.reduce((all, { product }) => all + product, 0);
  let soFar = 0;
  const steps = order.map((pixel) => {
    const with1 = pattern.map((value, other) => (other === pixel ? 1 : value));
    const all = countOf(data, pattern.map((value, other) => (other === pixel ? 2 : value)));
    const given = pattern.flatMap((value, other) => (other === pixel ? [] : [say("known", { pixel: nameOf(other), value })]));
    const words = { pixel: nameOf(pixel), given, blacks: countOf(data, with1), all, share: countOf(data, with1) / all };
    const factor = share(pattern, pixel);
    soFar += Math.log(factor);
    return { pixel, value: pattern[pixel], black: words.share, factor: fixed(factor, 3), soFar: fixed(soFar, 3), uniform: null,
      conditional: say("conditional", words), short: say("conditional_short", words) };
  });
  return { size: order.length, order, pattern, step: order.length, steps, rows, total: sum, isOthers: true,
    finding: say(Math.abs(sum - 1) < 0.005 ? "others_fit" : "others", { patterns: patterns.length, total: sum }) };
}

// What bets on a 1, in percent for each step taken, cost in nats, beside the counts.
function betFinding(say, { order, pattern, step, size, logProb }, bets) {
  const yours = -bets.reduce((sum, bet, index) => sum + Math.log((pattern[order[index]] ? bet : 100 - bet) / 100), 0);
  const values = { yours, counts: -logProb, pixel: order[step] + 1 };
  return step === size ? say("scored", values) : say("bet", values);
}
