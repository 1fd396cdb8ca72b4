// What is wider than the page scrolls by itself: then, and only then, keys must reach it.
function reachable() {
  for (const part of document.querySelectorAll("article pre, .formula, .output, .reveal, .table-wrapper")) {
    const scrolls = part.scrollWidth > part.clientWidth;
    if (scrolls === part.hasAttribute("data-scrolls")) continue;
    part.toggleAttribute("data-scrolls", scrolls);
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "Scrolls sideways"]]) {
      if (scrolls) part.setAttribute(name, value);
      else part.removeAttribute(name);
    }
  }
}
addEventListener("load", reachable);
addEventListener("resize", reachable);
document.addEventListener("toggle", reachable, true);
document.addEventListener("click", reachable); // a card's answer

// On paper nothing unfolds: what the text folds away is printed. Cards keep their answers, which are a reader's to ask for.
const opened = [];
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("article details:not([open], .armod-widget *)")) {
    fold.open = true;
    opened.push(fold);
  }
});
addEventListener("afterprint", () => {
  for (const fold of opened.splice(0)) fold.open = false;
});
