// Radio buttons.

function createInput(data) {
  const name = `armod-choice-${Math.random().toString(36).slice(2)}`;
  const inputs = data.choices.map((text) => element("input", { type: "radio", name, value: text }));
  const rows = inputs.map((input, index) => {
    const words = element("span");
    words.innerHTML = data.html[index];
    return element("label", { class: "choice" }, input, " ", words);
  });
  return {
    whole: element("div", {}, ...rows),
    due: "Choose one first.",
    read: () => inputs.find((input) => input.checked)?.value ?? null,
    // The guess if there is one; after that, the answer as well.
    show(guess, isOpen) {
      inputs.forEach((input, index) => {
        input.checked = input.value === guess;
        input.disabled = isOpen;
        rows[index].classList.toggle("chosen", isOpen && input.checked);
        rows[index].classList.toggle("right", isOpen && input.value === data.answer);
      });
    },
  };
}
