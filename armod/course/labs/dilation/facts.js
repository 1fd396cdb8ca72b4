// What the lab shows of one stack, as facts.py has it; tests hold the two against each other.

function dilationFacts(say, dilations, kernel) {
  const taps = [...Array(kernel).keys()];
  const ancestry = [[0]];
  for (const dilation of [...dilations].reverse()) {
    const places = new Set(ancestry.at(-1).flatMap((back) => taps.map((tap) => back + tap * dilation)));
    ancestry.push([...places].sort((a, b) => a - b));
  }
  const layers = dilations.length;
  const sum = dilations.reduce((all, each) => all + each, 0);
  const field = 1 + (kernel - 1) * sum;
  const seen = new Set(ancestry.at(-1));
  const missed = Array.from({ length: field }, (_, back) => back).filter((back) => !seen.has(back));
  const inside = (places, output) => places.filter((back) => back < output).length;
  const finding = say(missed.length ? "finding_gaps" : "finding", { layers, kernel, field, seen: seen.size });
  const computed = (output) => ancestry.slice(0, -1).reduce((all, places) => all + inside(places, output), 0);
  return {
    ancestry, field, missed, finding, computed,
    // long sums are not written out
    formula: `1 + (${kernel} − 1) × ${layers > 6 ? sum : `(${dilations.join(" + ")})`} = ${field}`,
    title(output) {
      const there = inside(ancestry.at(-1), output);
      return there === seen.size ? finding : say("title", { finding, output, inside: there });
    },
    sentence(frame, output) {
      if (!frame) return say("frame_first", { output, next: output + 1 });
      const places = ancestry[frame];
      const there = inside(places, output);
      return say(frame < layers ? "frame" : "frame_samples", {
        dilation: dilations.at(-frame), inside: there, before: places.length - there });
    },
    reached(output) {
      const there = inside(ancestry.at(-1), output);
      return say("reached", { seen: there, before: seen.size - there });
    },
    gaps: (frame) => (frame < layers || !missed.length ? ""
      : ` ${say("gaps", { missed: missed.slice(0, 6), more: Math.max(0, missed.length - 6) })}`),
    lasts: (rate) => say("lasts", { field, milliseconds: 1000 * field / rate, rate: rate.toLocaleString("en") }),
    generation(output, isNaive) {
      const units = computed(output);
      let total = layers * output;
      if (isNaive) for (let at = (total = 0); at < output; at += 1) total += computed(at + 1);
      const values = { output, next: output + 1, layers, units, again: units - layers, total, cached: layers * output,
        kept: dilations.reduce((all, dilation) => all + Math.min((kernel - 1) * dilation, output - 1), 0) };
      const kind = isNaive ? "naive" : "cached";
      return { finding: say(`${kind}_finding`, values), detail: say(`${kind}_detail`, values) };
    },
    // Row by row from the output down: units computed with queues, what they hold there, units computed without, and of these
    // again. Samples are given, not computed.
    costs: (output) => ancestry.map((places, row) => {
      const held = row ? Math.min((kernel - 1) * dilations.at(-row), output - 1) : 0;
      return row === layers ? [0, held, 0, 0] : [1, held, inside(places, output), inside(places, output) - 1];
    }),
    // Row by row from the output down, which places hold what was computed before: in a queue, or in the ancestry.
    before: (isNaive) => ancestry.map((places, row) => {
      if (isNaive) return row === layers ? [] : places.slice(1);
      return row ? Array.from({ length: (kernel - 1) * dilations.at(-row) }, (_, back) => back + 1) : [];
    }),
  };
}

// A typed list of dilations, or null.
function parseDilations(text, most, highest) {
  const numbers = text.split(/[\s,;]+/).filter(Boolean).map(Number);
  const fits = numbers.length >= 1 && numbers.length <= most
    && numbers.every((each) => Number.isInteger(each) && each >= 1 && each <= highest);
  return fits ? numbers : null;
}
