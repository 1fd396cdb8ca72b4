// What the lab says about the variables of one model, as facts.py has it; tests hold the two against each other.

const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

function dependencyFacts(data, say, bytes) {
  const [channels, height, width] = data.shape;
  const size = channels * height * width;
  const position = new Array(size);
  data.ordering.forEach((variable, place) => (position[variable] = place));
  const names = Object.keys(data.kinds);
  const kindOf = (variable, other) => names[bytes[variable * size + other]];

  function nameOf(variable) {
    if (channels === 1 && height === 1) return say("variable", { number: variable + 1 });
    const [channel, pixel] = [Math.floor(variable / (height * width)), variable % (height * width)];
    const values = { row: Math.floor(pixel / width) + 1, column: (pixel % width) + 1, channel: channel + 1 };
    return say(channels === 1 ? "pixel" : "channel", values);
  }

  // The chosen variable: the kinds of all others, their counts, and what is said.
  function about(variable) {
    const kinds = Array.from({ length: size }, (_, other) => kindOf(variable, other));
    const counts = Object.fromEntries(names.map((kind) => [kind, 0]));
    for (const kind of kinds) counts[kind] += 1;
    const before = position[variable];
    const seesItself = kinds[variable] === "leak";
    const template = counts.leak ? (seesItself && counts.leak === 1 ? "finding_itself" : "finding_leak") : before === 0 ? "finding_first" : counts.seen === before ? "finding_all"
      : before === 1 ? "finding_not_one" : "finding";
    const own = seesItself ? "yes" : "no";
    return {
      kinds, counts,
      finding: say(template, { name: capital(nameOf(variable)), before, own, ...counts }),
      detail: say(data.known ? "detail" : "detail_open", { before, ...counts }),
    };
  }

  function pairSentence(variable, other) {
    const kind = kindOf(variable, other);
    const group = variable === other ? "own" : "pair";
    const template = `${group}_${kind === "blind" && !data.known ? "open" : kind}`;
    return say(template, { name: capital(nameOf(variable)), other: nameOf(other) });
  }

  return { size, position, kindOf, nameOf, about, pairSentence };
}
