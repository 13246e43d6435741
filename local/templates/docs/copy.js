const told = document.getElementById("told");
for (const block of document.querySelectorAll("pre.paste")) {
  const button = document.createElement("button");
  const what = block.dataset.what ?? "the example";
  const say = (text) => { button.textContent = text; button.setAttribute("aria-label", `${text}: ${what}`); };
  button.type = "button";
  say("Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.textContent);
      say("Copied");
    } catch {
      getSelection().selectAllChildren(block);
      say("Selected");
    }
    told.textContent = `${button.textContent}: ${what}`;
    setTimeout(() => { say("Copy"); told.textContent = ""; }, 2000);
  });
  block.before(button);
}
