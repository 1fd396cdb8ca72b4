// The look back: what was guessed beside what it is. A question that waits for its guess keeps its answer.

export function mount(stage, { rows }) {
  const title = element("p", { class: "title", role: "status" });
  const body = element("tbody");
  const heads = ["Question", "You said", "It is", ""].map((text) => element("th", { scope: "col" }, ...(text ? [text] : [element("span", { class: "unseen" }, "Verdict")])));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);

  function show() {
    let guessed = 0;
    let good = 0;
    const cells = rows.map((data) => {
      const entry = recall(data);
      const kind = VERDICTS[data.kind];
      const question = element("th", { scope: "row" });
      question.innerHTML = data.question;
      if (entry === null) return element("tr", { class: "open" }, question, element("td", { colspan: 3 }, "waits for your guess"));
      const verdict = entry.shown ? null : kind.judge(data, entry.guess);
      guessed += verdict !== null;
      good += verdict?.good === true;
      return element("tr", { class: verdict === null ? "shown" : verdict.good ? "good" : "surprise" }, question,
        element("td", {}, verdict === null ? "looked without a guess" : kind.said(data, entry.guess)),
        element("td", {}, kind.answer(data)), element("td", {}, verdict === null ? "" : verdict.head.replace(".", "")));
    });
    body.replaceChildren(...cells);
    const surprises = guessed - good;
    put(title, "text", guessed === 0 ? "How well you predicted: no guess was made yet."
      : `How well you predicted: ${good} of ${guessed} right or close, ${surprises} ${surprises === 1 ? "surprise" : "surprises"}.`);
  }
  document.addEventListener("armod-guess", show);
  show();
  stage.append(title, table);
}
