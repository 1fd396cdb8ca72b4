// The map: cards in rows, pills for concepts, and lines between them that follow the layout. Pointing at a card or
// focusing its link lights what it needs and what it leads to.

export function mount(stage, data) {
  const say = createWords(data.words);
  const anchors = [...stage.parentElement.querySelectorAll(".armod-still a")];
  const pills = new Map();
  const pill = (concept, teacher) => {
    const node = element("li", { class: "pill" }, concept);
    pills.set(`${teacher} ${concept.toLowerCase()}`, node);
    return node;
  };
  const pillsOf = (concepts, teacher) => element("ul", { class: "pills" }, ...concepts.map((concept) => pill(concept, teacher)));

  const cards = data.cards.map((card, index) => {
    const anchor = anchors[index];
    anchor.textContent = card.words;
    const small = element("span", { class: "small" }, [card.duration, card.note].filter(Boolean).join(" · "));
    return element("article", { class: "card" },
      element("p", { class: "head" }, element("span", { class: "number" }, card.number), small),
      element("p", { class: "words" }, anchor),
      element("p", { class: "question" }, card.question),
      element("p", { class: "needs" }, say("needs", { concepts: card.needs })),
      element("p", { class: "label" }, "Teaches"),
      pillsOf(card.teaches, index));
  });
  const lines = svgElement("svg", { "aria-hidden": "true" });
  const rows = data.rows.map((row) => element("div", { class: "row" }, ...row.map((index) => cards[index])));
  if (data.prerequisites.length) {
    rows.unshift(element("div", { class: "row brought" }, element("p", {}, "You bring"), pillsOf(data.prerequisites, -1)));
  }
  const map = element("div", { class: "map" }, lines, ...rows);
  stage.classList.add("course-map");
  stage.append(element("p", { class: "finding" }, data.finding), map);

  let lit = null;
  const links = data.links.map((link) => ({
    ...link,
    source: pills.get(`${link.teacher} ${link.concept}`),
    line: svgElement("path", { class: "line" }),
  }));
  lines.append(...links.map(({ line }) => line));

  function place() {
    const frame = map.getBoundingClientRect();
    lines.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    for (const { teacher, learner, source, line } of links) {
      const from = source.getBoundingClientRect();
      const foot = (teacher < 0 ? source : cards[teacher]).getBoundingClientRect().bottom;
      const to = cards[learner].getBoundingClientRect();
      const [x1, y1] = [from.left + from.width / 2 - frame.left, foot - frame.top];
      const [x2, y2] = [to.left + to.width / 2 - frame.left, to.top - frame.top];
      const bend = Math.max(22, 0.45 * (y2 - y1));
      line.setAttribute("d", `M${x1} ${y1} C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2 - 5} m-4 -1 l4 6 l4 -6`);
    }
  }

  function light(index) {
    lit = index;
    map.classList.toggle("is-lit", lit !== null);
    for (const node of [...cards, ...pills.values()]) node.classList.remove("feeds", "fed", "chosen");
    if (lit !== null) cards[lit].classList.add("chosen");
    for (const { teacher, learner, isDirect, isLong, source, line } of links) {
      const kind = learner === lit ? "feeds" : teacher === lit && lit !== null ? "fed" : null;
      line.setAttribute("class", ["line", isLong && "long", !isDirect && "implied", kind].filter(Boolean).join(" "));
      if (kind) source.classList.add(kind);
      if (kind === "feeds" && teacher >= 0) cards[teacher].classList.add("feeds");
      if (kind === "fed") cards[learner].classList.add("fed");
    }
  }

  cards.forEach((card, index) => {
    card.addEventListener("pointerenter", () => light(index));
    card.addEventListener("pointerleave", () => light(null));
    card.addEventListener("focusin", () => light(index));
    card.addEventListener("focusout", () => light(null));
  });
  light(null);
  place();
  new ResizeObserver(place).observe(map);
}
