// Training logs: every column over the steps, drawn when the model comes into view.
"use strict";
licbench.plotting.then((Plotly) => {
  const INK = "#1d2129", RULE = "#e4e6ea", COLOUR = "#0173b2";
  const ROW = 190, COLUMN = 300;
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: INK };

  function draw(holder) {
    const { log } = window.licbench.models[Number(holder.dataset.model)];
    const names = Object.keys(log.columns);
    const across = Math.max(1, Math.min(names.length, Math.floor(holder.clientWidth / COLUMN)));
    const down = Math.ceil(names.length / across);
    const layout = {
      font, showlegend: false, margin: { l: 44, r: 18, t: 26, b: 30 }, height: ROW * down, dragmode: false,
      grid: { rows: down, columns: across, pattern: "independent", xgap: 0.16, ygap: 0.42 }, annotations: [],
      hoverlabel: { bgcolor: "#fff", bordercolor: INK, font },
    };
    const traces = names.map((name, place) => {
      const end = place ? String(place + 1) : "";
      const axis = { gridcolor: RULE, zeroline: false, automargin: false, nticks: 5, linecolor: INK };
      layout[`xaxis${end}`] = { ...axis };
      layout[`yaxis${end}`] = { ...axis };
      layout.annotations.push({
        text: `<b>${name.replaceAll("_", " ")}</b>`, xref: `x${end} domain`, yref: `y${end} domain`,
        x: 0, y: 1, yanchor: "bottom", xanchor: "left", showarrow: false, font: { ...font, size: 12 },
      });
      const values = log.columns[name];
      const text = log.steps.map((step, line) => `step ${step}<br>${name} <b>${values[line]}</b>`);
      return {
        x: log.steps, y: values, text, hoverinfo: "text", type: "scatter", connectgaps: true,
        mode: values.filter((value) => value !== null).length > 1 ? "lines" : "markers",
        line: { color: COLOUR, width: 1.4 }, xaxis: `x${end}`, yaxis: `y${end}`,
      };
    });
    Plotly.newPlot(holder, traces, layout, { responsive: true, displayModeBar: false });
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "300px" });
  document.querySelectorAll(".losses").forEach((holder) => seen.observe(holder));
});
