// The card: it asks, then opens the fold that stands in the page, and says how good the guess was.

export function mount(stage, data) {
  const card = stage.parentElement.querySelector(".armod-still fieldset");
  const fold = card.querySelector("details");
  const summary = fold.querySelector("summary");
  const input = createInput(data);
  const button = (text) => element("button", { type: "submit" }, text);
  const [guessing, again] = [button("This is my guess"), element("button", { type: "button", class: "again" }, "Start over")];
  const form = element("form", {}, input.whole, element("div", { class: "buttons" }, guessing, again));
  const feedback = element("p", { class: "feedback", role: "status" });
  const say = (...words) => feedback.replaceChildren(...words);

  function show(entry) {
    const guess = entry?.guess ?? null;
    const verdict = guess === null ? null : VERDICTS[data.kind].judge(data, guess);
    input.show(guess, entry !== null);
    guessing.hidden = entry !== null;
    again.hidden = entry === null;
    summary.textContent = entry === null ? "Show me, I have no guess" : "The result";
    fold.open = entry !== null;
    card.dataset.state = verdict === null ? "" : verdict.good ? "right" : "wrong";
    if (verdict) say(element("strong", {}, verdict.head), ` ${verdict.tail}`);
    else say(entry === null ? "" : "You looked without a guess.");
    if (entry !== null) openNext(stage);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (recall(data)) return;
    const guess = input.read();
    if (guess === null) {
      say(input.due);
      return;
    }
    keep(data, { guess });
    show(recall(data));
    summary.focus({ preventScroll: true });
  });
  again.addEventListener("click", () => {
    keep(data, null);
    show(null);
    form.querySelector("input, [tabindex='0']").focus({ preventScroll: true });
  });
  fold.addEventListener("toggle", () => {
    if (!fold.open || recall(data)) return;
    keep(data, { shown: true });
    show(recall(data));
  });
  show(recall(data));
  // Last, so that the fold still stands where it stood if anything above fails.
  fold.before(form, feedback);
  stage.append(card);
}

// A fold in the text below the card reads the result aloud: it opens with it.
function openNext(stage) {
  const next = stage.closest(".jp-Cell")?.nextElementSibling;
  if (!next?.matches(".jp-MarkdownCell")) return;
  for (const fold of next.querySelectorAll("details")) fold.open = true;
}
