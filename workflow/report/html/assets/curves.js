// Quality against rate: which curves, of which image, in which measure.
"use strict";
licbench.plotting.then((Plotly) => {
  const { styles, points, published, target, dataset, metrics } = window.licbench.curves;
  const SETTING = 0, BPP = 1, PSNR = 2, MS_SSIM = 3;
  const MEASURES = {
    psnr: { column: PSNR, onFront: 4, title: "PSNR (dB), R, G and B", published, whole: "all images pooled" },
    ms_ssim: { column: MS_SSIM, onFront: 5, title: "MS-SSIM", published, whole: "all images pooled" },
  };
  // Further metrics follow in pairs: the images' mean, and whether it is on the Pareto front. The paper has none.
  metrics.forEach(({ id, title }, place) => {
    MEASURES[id] = { column: 6 + 2 * place, onFront: 7 + 2 * place, title, published: [], whole: "mean of all images" };
  });
  const INK = "#1d2129", RULE = "#e4e6ea", MARGIN = 0.04, BEYOND = 1.06;
  const chart = document.getElementById("chart");
  const controls = document.getElementById("controls");
  const codecs = document.getElementById("codecs");
  const status = document.getElementById("status");
  const body = document.querySelector("#points tbody");
  let at = null; // the curve and point that the keyboard is at

  const number = (value, digits, missing) => (value === null ? missing : value.toFixed(digits));
  const state = () => ({
    image: controls.image.value,
    name: controls.image.value && controls.image.selectedOptions[0].text,
    measure: MEASURES[controls.quality.value],
    logarithmic: controls.scale.value === "log",
    published: controls.published.checked,
    shown: Object.keys(styles).filter((key) => codecs.querySelector(`[value="${CSS.escape(key)}"]`).checked),
  });


  function hover(label, point) {
    const lines = [
      `<b>${label}</b>`, point[SETTING], `${number(point[BPP], 4)} bit/pixel`,
      `PSNR ${number(point[PSNR], 2, "infinite")} dB`, `MS-SSIM ${number(point[MS_SSIM], 4, "not defined")}`,
      ...metrics.map(({ id, title }) => [title, point[MEASURES[id].column]]).filter(([, value]) => value !== undefined)
        .map(([title, value]) => `${title} ${number(value, 3, "not defined")}`),
    ];
    return lines.join("<br>");
  }

  function trace(label, own, measure, look) {
    return {
      x: own.map((point) => point[BPP]), y: own.map((point) => point[measure.column]),
      text: own.map((point) => hover(label, point)), hoverinfo: "text", name: label, type: "scatter", ...look,
    };
  }

  function traces({ image, measure, published: overlay, shown }) {
    const found = [];
    if (overlay) {
      for (const { name, colour, symbol, points: own } of measure.published) {
        const marker = { symbol: `${symbol}-open`, size: 9, color: colour, opacity: 0.75, line: { width: 1.3 } };
        found.push(trace(`${name}, published`, own, measure, { mode: "markers", marker }));
      }
    }
    for (const key of shown) {
      const { label, colour, dash, symbol } = styles[key];
      const own = points[image][key] || [];
      const dominated = own.filter((point) => !point[measure.onFront]);
      const front = own.filter((point) => point[measure.onFront]);
      const marker = { symbol, color: colour };
      found.push(trace(label, dominated, measure, { mode: "markers", marker: { ...marker, size: 5, opacity: 0.4 } }));
      const line = { color: colour, dash, width: 2 };
      found.push(trace(label, front, measure, { mode: "lines+markers", line, marker: { ...marker, size: 7 } }));
    }
    return found;
  }

  // As printed: up to a little beyond the paper's last point, and the qualities in that range.
  function ranges({ image, measure, logarithmic, shown }) {
    if (logarithmic) return { xaxis: { type: "log", dtick: "D2" }, yaxis: {} };
    const printed = published.flatMap((own) => own.points);
    const compared = measure.published.flatMap((other) => other.points);
    const own = shown.flatMap((key) => (points[image][key] || []).filter((point) => point[measure.onFront]));
    const last = Math.max(...(printed.length ? printed : own).map((point) => point[BPP])) * BEYOND;
    const values = [...compared, ...own].filter((point) => point[BPP] <= last)
      .map((point) => point[measure.column]).filter((value) => value !== null);
    if (!values.length) return { xaxis: {}, yaxis: {} };
    const low = Math.min(...values), high = Math.max(...values), room = MARGIN * (high - low) || 1;
    return { xaxis: { range: [0, last] }, yaxis: { range: [low - room, high + room] } };
  }

  function layout(now) {
    const { xaxis, yaxis } = ranges(now);
    const axis = { gridcolor: RULE, linecolor: INK, zeroline: false, ticks: "outside", tickcolor: INK, automargin: true };
    const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: INK };
    const line = { type: "line", x0: target, x1: target, y0: 0, y1: 1, yref: "paper", line: { color: INK, width: 1, dash: "dot" } };
    return {
      font, showlegend: false, hovermode: "closest", dragmode: false, margin: { l: 56, r: 12, t: 10, b: 48 },
      paper_bgcolor: "#fff", plot_bgcolor: "#fff", shapes: [line],
      hoverlabel: { bgcolor: "#fff", bordercolor: INK, font: { ...font, size: 13 }, align: "left" },
      xaxis: { ...axis, ...xaxis, title: { text: "Rate (bit/pixel)" } },
      yaxis: { ...axis, ...yaxis, title: { text: now.measure.title } },
    };
  }

  function fillTable({ image, shown }) {
    const rows = shown.flatMap((key) => (points[image][key] || []).map((point) => [styles[key].label, point]));
    body.replaceChildren(...rows.map(([label, point]) => {
      const row = document.createElement("tr");
      const cells = [
        label, point[SETTING], number(point[BPP], 4), number(point[PSNR], 2, "infinite"), number(point[MS_SSIM], 4, "–"),
        ...metrics.map(({ id }) => number(point[MEASURES[id].column], 3, "–")),
      ];
      cells.forEach((text, place) => {
        const cell = document.createElement("td");
        cell.textContent = text;
        if (place > 1) cell.className = "number";
        row.append(cell);
      });
      return row;
    }));
  }

  function draw() {
    const now = state();
    at = null;
    status.textContent = `${now.name || `${dataset}, ${now.measure.whole}`}; dotted: ${target} bit/pixel`;
    chart.querySelector(".wait")?.remove();
    Plotly.react(chart, traces(now), layout(now), { responsive: true, displaylogo: false, displayModeBar: false });
    if (document.getElementById("points").open) fillTable(now);
  }

  // The curves that the keyboard walks: those with points, as drawn.
  function walk(key) {
    const lines = chart.data.map((line, number) => ({ number, length: line.x.length, mode: line.mode }))
      .filter(({ length, mode }) => length && mode !== "markers");
    if (!lines.length) return;
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
    if (at === null) at = { line: 0, point: 0 };
    else at = { line: (at.line + step[0] + lines.length) % lines.length, point: at.point + step[1] };
    const { number: curve, length } = lines[at.line];
    at.point = Math.min(Math.max(at.point, 0), length - 1);
    Plotly.Fx.hover(chart, [{ curveNumber: curve, pointNumber: at.point }]);
    status.textContent = chart.data[curve].text[at.point].replaceAll("<br>", ", ").replace(/<\/?b>/g, "");
  }

  chart.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    walk(event.key);
  });
  codecs.addEventListener("click", ({ target: button }) => {
    if (!button.dataset.all) return;
    for (const box of codecs.querySelectorAll("input")) box.checked = button.dataset.all === "true";
    draw();
  });
  controls.addEventListener("change", draw);
  controls.addEventListener("submit", (event) => event.preventDefault());
  codecs.addEventListener("change", draw);
  document.getElementById("points").addEventListener("toggle", () => fillTable(state()));
  draw();
  chart.on("plotly_hover", ({ points: [{ data, pointNumber }] }) => {
    status.textContent = data.text[pointNumber].replaceAll("<br>", ", ").replace(/<\/?b>/g, "");
  });
});
