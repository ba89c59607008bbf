// Which verdicts are shown; the page is whole without this script.
"use strict";
(() => {
  const filter = document.getElementById("filter");
  const boxes = [...filter.querySelectorAll("input")];
  const claims = [...document.querySelectorAll(".claim")];
  const wanted = location.hash.slice(1);
  if (boxes.some((box) => box.value === wanted)) boxes.forEach((box) => (box.checked = box.value === wanted));

  function show() {
    const chosen = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    for (const claim of claims) claim.hidden = ![...chosen].some((style) => claim.classList.contains(style));
    const count = claims.filter((claim) => !claim.hidden).length;
    document.getElementById("shown").textContent = `${count} of ${claims.length} statements shown`;
  }
  filter.addEventListener("change", show);
  show();
})();
