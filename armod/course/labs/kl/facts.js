// A source p with one or two heaps, a bell q, and what each costs under the other; the sums are those of facts.py.

function bellLogs(levels, mean, width) {
  const heights = Array.from({ length: levels }, (_, level) => -(((level - mean) / width) ** 2) / 2);
  const highest = Math.max(...heights);
  const total = Math.log(heights.reduce((sum, height) => sum + Math.exp(height - highest), 0));
  return heights.map((height) => height - highest - total);
}

function sourceLogs({ levels, first, heapWidth }, share, distance) {
  const one = bellLogs(levels, first, heapWidth);
  if (!share) return one;
  const two = bellLogs(levels, first + distance, heapWidth);
  return one.map((log, level) => {
    const [a, b] = [log + Math.log(1 - share / 100), two[level] + Math.log(share / 100)];
    return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
  });
}

function klFacts(data, say, { mean, width, share, distance, held }) {
  const logP = sourceLogs(data, share, distance);
  const logQ = bellLogs(data.levels, mean, width);
  const [p, q] = [logP, logQ].map((logs) => logs.map(Math.exp));
  const terms = [p.map((mass, level) => mass * (logP[level] - logQ[level])),
    q.map((mass, level) => mass * (logQ[level] - logP[level]))];
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const against = (logs) => -sum(p.map((mass, level) => mass * logs[level]));
  const [forward, reverse] = terms.map(sum);
  const facts = { p, q, terms, forward, reverse, entropy: against(logP), loss: against(logQ) };
  const heaps = logP.filter((log, level) => log > (logP[level - 1] ?? Infinity) && log >= logP[level + 1]).length;
  const met = [false, true].map((isRight) => {
    const mass = (of) => sum(of.filter((_, level) => (level > data.first + distance / 2) === isRight));
    return mass(q) >= mass(p) / 2;
  });
  const kind = heaps === 1 ? "one" : met[0] && met[1] ? "covers" : "collapses";
  facts.finding = held === null ? say("finding", facts)
    : say(`finding_${kind}`, { way: data.ways[held], loss: facts.loss, heap: say(met[0] ? "first" : "second") });
  const [a, b] = terms.map((each) => each.indexOf(Math.max(...each)));
  facts.detail = Math.max(forward, reverse) < data.same ? say("same")
    : say("detail", { forward, reverse, a, pa: p[a], qa: q[a], b, pb: p[b], qb: q[b] });
  facts.sentence = (level) => say("level", {
    level, p: p[level], q: q[level], forward: terms[0][level], reverse: terms[1][level] });
  return facts;
}
