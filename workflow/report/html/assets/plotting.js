// Loads the plot library once the page has been painted: it is heavy, and nothing else waits for it.
"use strict";
window.licbench = window.licbench || {};
licbench.plotting = new Promise((done, failed) => {
  const script = document.createElement("script");
  script.src = "assets/plotly.min.js";
  script.onload = () => done(window.Plotly);
  script.onerror = () => failed(new Error("assets/plotly.min.js is missing; write the report again"));
  addEventListener("load", () => requestAnimationFrame(() => setTimeout(() => document.head.append(script))));
});
