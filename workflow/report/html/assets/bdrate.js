// BD-rates: which group of the table is shown and in which order, and the relative rates that they are the means of.
"use strict";
(() => {
  const { styles, over_quality: overQuality, averages, metrics, anchors } = window.licbench.bdrate;
  const INK = "#1d2129", RULE = "#e4e6ea", TICKS = [-90, -75, -50, -25, 0, 50, 100, 200, 400, 900];
  const controls = document.getElementById("controls"), chart = document.getElementById("chart");
  const status = document.getElementById("status"), table = document.getElementById("bdrates");
  const groups = [...table.querySelectorAll("[data-group]")];
  const headings = [...table.querySelectorAll("[data-sort]")];
  let Plotly = null;

  const keyOf = (average) => `${controls.anchor.value}|${controls.metric.value}|${average}`;

  // A mean of the images' BD-rates has no curve of its own; the curve of the means is next to it.
  function drawn() {
    const own = keyOf(controls.average.value);
    if (overQuality[own]) return [overQuality[own], ""];
    const means = controls.average.value === "images" ? overQuality[keyOf("mean")] : undefined;
    return [means || {}, means ? ` (drawn: ${averages.mean})` : ""];
  }

  function layout() {
    const axis = { gridcolor: RULE, linecolor: INK, zeroline: false, ticks: "outside", tickcolor: INK, automargin: true };
    const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: INK };
    const equal = { type: "line", x0: 0, x1: 1, xref: "paper", y0: 1, y1: 1, line: { color: INK, width: 1.2 } };
    const text = TICKS.map((tick) => (tick > 0 ? `+${tick}` : String(tick).replace("-", "−")));
    return {
      font, showlegend: true, legend: { orientation: "h", y: -0.2 }, hovermode: "closest", dragmode: false,
      margin: { l: 60, r: 12, t: 10, b: 48 }, paper_bgcolor: "#fff", plot_bgcolor: "#fff", shapes: [equal],
      hoverlabel: { bgcolor: "#fff", bordercolor: INK, font, align: "left" },
      xaxis: { ...axis, title: { text: `${metrics[controls.metric.value]}${controls.metric.value.startsWith("psnr") ? " (dB)" : ""}` } },
      yaxis: { ...axis, type: "log", tickvals: TICKS.map((tick) => 1 + tick / 100), ticktext: text, title: { text: "Rate against the anchor (%)" } },
    };
  }

  function trace([key, [qualities, percent]]) {
    const { label, colour, dash, symbol } = styles[key];
    const text = qualities.map((quality, at) => `<b>${label}</b><br>${percent[at].toFixed(1)} % at ${quality.toFixed(2)}`);
    return {
      x: qualities, y: percent.map((value) => 1 + value / 100), text, hoverinfo: "text", name: label, type: "scatter",
      mode: "lines+markers", line: { color: colour, dash, width: 2 },
      marker: { symbol, color: colour, size: 7, maxdisplayed: 6 },
    };
  }

  function show() {
    const chosen = groups.find((group) => group.dataset.group === keyOf(controls.average.value));
    for (const group of groups) group.hidden = group !== chosen;
    const [curves, remark] = drawn();
    const said = `${averages[controls.average.value]}, ${metrics[controls.metric.value]}, against ${anchors[controls.anchor.value]}`;
    const none = chosen ? "no curve has a BD-rate here" : "not known of a published curve";
    status.textContent = Object.keys(curves).length ? said + remark : `${said}: ${none}`;
    if (!Plotly) return;
    chart.querySelector(".wait")?.remove();
    Plotly.react(chart, Object.entries(curves).map(trace), layout(), { responsive: true, displaylogo: false, displayModeBar: false });
  }

  function sort(heading, button) {
    const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of headings) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    const value = (row) => JSON.parse(row.dataset.values)[heading.dataset.sort];
    for (const group of groups) {
      const rows = [...group.querySelectorAll("[data-values]")];
      // A missing number is last in either direction
      rows.sort((one, other) => (value(one) === null) - (value(other) === null) || direction * (value(one) - value(other)));
      group.append(...rows);
    }
    button.focus();
  }

  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(heading, button));
    heading.replaceChildren(button);
  }
  controls.addEventListener("change", show);
  controls.addEventListener("submit", (event) => event.preventDefault());
  show();
  licbench.plotting.then((library) => { Plotly = library; show(); });
})();
