// Makes a quiz answer back. Questions and explanations stand in the page; put after this by quiz.py: enliven("id").

function enliven(identity) {
  // A page may hold the same quiz twice: its copies must not share their radio buttons.
  const copies = document.querySelectorAll(`[data-armod="${identity}"]`);
  copies.forEach((quiz, copy) => {
    if (quiz.hasAttribute("data-alive")) return;
    quiz.dataset.alive = "";
    const score = quiz.querySelector(".score");
    const questions = [...quiz.querySelectorAll("fieldset")];
    for (const question of questions) {
      for (const input of question.querySelectorAll("input")) {
        input.name += `-${copy}`;
        input.checked = false;
      }
      question.querySelector("details").hidden = true;
      question.addEventListener("change", (event) => {
        judge(question, event.target);
        score.textContent = scoreOf(questions);
      });
    }
  });
}

function judge(question, input) {
  const fold = question.querySelector("details");
  const feedback = question.querySelector(".feedback");
  const right = fold.querySelector("[data-right]");
  const isRight = right.dataset.right === input.value;
  const reason = isRight ? right : fold.querySelector(`[data-wrong="${input.value}"]`);
  question.dataset.state = isRight ? "right" : "wrong";
  for (const choice of question.querySelectorAll(".choice")) choice.classList.toggle("chosen", choice.contains(input));
  const verdict = document.createElement("strong");
  verdict.textContent = isRight ? "Right." : "Not this one.";
  const explanation = reason ? reason.querySelector("span").cloneNode(true) : "Think again, or look at the answer.";
  feedback.replaceChildren(verdict, " ", explanation);
  // The fold says again what the feedback of a right choice has said.
  fold.hidden = isRight;
  if (isRight) fold.open = false;
}

function scoreOf(questions) {
  const right = questions.filter((question) => question.dataset.state === "right").length;
  return `${right} of ${questions.length} right`;
}
