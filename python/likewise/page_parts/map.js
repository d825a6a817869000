// The map: points with Plotly, and everything around them: search, legend, what a point is.
// Text of the catalogue reaches the page by textContent alone.
"use strict";
function likewiseMap(root, data) {
  const LIGHT = ["#2f6fbf", "#c2571a", "#2c8a57", "#b3344f", "#7a55b5", "#8a6a16", "#1f8a99",
    "#b83a8e", "#5c7a1f", "#4b5fd1", "#96482a", "#2b6b6b"];
  const DARK = ["#6aa6f0", "#f0955c", "#5fc98f", "#ee7f95", "#b79af0", "#d4b04a", "#5ccbd9",
    "#ee8ccb", "#a4c95a", "#97a5ff", "#d9986f", "#7fc7c7"];
  const GREY = { light: "#6b747d", dark: "#a0a8b1" };
  const count = data.labels.length;
  const dense = count > 4000;
  const webgl = dense && document.createElement("canvas").getContext("webgl") !== null;
  const kind = webgl ? "scattergl" : "scatter"; // slower without, yet all there
  const number = new Intl.NumberFormat("en");
  const lower = data.paths.map((path, i) => (path + " " + data.labels[i]).toLowerCase());
  const plots = [];
  let focus = null; // null: all; otherwise positions of points

  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const bdi = (text) => { const e = make("bdi"); e.textContent = text; return e; };
  const colour = (top) => {
    const palette = likewiseTheme.dark() ? DARK : LIGHT;
    return top < palette.length ? palette[top] : GREY[likewiseTheme.dark() ? "dark" : "light"];
  };
  const most = data.events.reduce((a, b) => Math.max(a, b), 1);
  const small = dense ? 3 : count > 1000 ? 4 : 6;
  const spread = dense ? 8 : count > 1000 ? 14 : 26;
  const size = (events) => small + spread * Math.sqrt(events / most);

  // --- points -----------------------------------------------------------------------------------
  const inked = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return { ink: of("--ink"), quiet: of("--quiet"), accent: of("--accent"), paper: of("--paper") };
  };
  // Plotly reads labels as markup of its own: what could be markup becomes entities.
  const inert = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const traces = (side) => {
    const { ink, paper } = inked();
    const faded = focus !== null;
    const order = data.drawn[side.name];
    const at = (values) => order.map((i) => values[i]);
    const base = {
      type: kind, mode: "markers", x: at(side.x), y: at(side.y), customdata: order,
      hoverinfo: "none", showlegend: false,
      marker: { size: order.map((i) => size(data.events[i])), color: order.map((i) => colour(data.top[i])),
                opacity: faded ? 0.15 : 0.72, line: { width: dense ? 0 : 0.6, color: paper } },
    };
    const here = faded ? focus.filter((i) => side.x[i] !== null) : [];
    const found = {
      type: kind, mode: "markers", x: here.map((i) => side.x[i]), y: here.map((i) => side.y[i]),
      customdata: here, hoverinfo: "none", showlegend: false,
      marker: { size: here.map((i) => size(data.events[i]) + 2), color: here.map((i) => colour(data.top[i])),
                opacity: 1, line: { width: 1.5, color: ink } },
    };
    const shown = data.named[side.name];
    const names = {
      type: "scatter", mode: "text", x: shown.map((i) => side.x[i]), y: shown.map((i) => side.y[i]),
      text: shown.map((i) => inert(data.labels[i].slice(0, 28))), textposition: "top center",
      hoverinfo: "skip", showlegend: false, textfont: { color: ink, size: 12 }, opacity: faded ? 0.3 : 1,
    };
    return [base, found, names];
  };
  const layout = () => {
    const axis = { visible: false, fixedrange: false };
    const { quiet, accent } = inked();
    return { xaxis: axis, yaxis: axis, dragmode: "pan", hovermode: "closest", hoverdistance: 12,
             margin: { l: 6, r: 6, t: 6, b: 6 }, paper_bgcolor: "rgba(0,0,0,0)",
             plot_bgcolor: "rgba(0,0,0,0)", uirevision: "kept",
             modebar: { bgcolor: "rgba(0,0,0,0)", color: quiet, activecolor: accent }, font: { family: "system-ui, sans-serif" } };
  };
  const config = { displaylogo: false, responsive: true, scrollZoom: true,
    modeBarButtons: [["pan2d", "zoom2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]] };
  const draw = () => plots.forEach(({ element, side }) => Plotly.react(element, traces(side), layout(), config));

  // --- what a point is --------------------------------------------------------------------------
  const tip = make("div", { class: "tip", role: "status", hidden: "" });
  const describe = (i) => {
    const lines = [];
    const title = make("strong");
    title.append(bdi(data.labels[i]));
    lines.push(title, bdi(data.paths[i]), make("br"));
    lines.push(data.facts ? data.facts[i] : number.format(data.items[i]) + " items, ");
    lines.push(number.format(data.events[i]) + " events");
    if (data.nearest[i] && data.nearest[i].length) {
      lines.push(make("br"), "nearest: ");
      data.nearest[i].forEach((other, place) => lines.push(place ? ", " : "", bdi(data.labels[other])));
    }
    return lines;
  };
  const show = (i, x, y) => {
    tip.replaceChildren(...describe(i));
    tip.hidden = false;
    const box = root.getBoundingClientRect();
    const left = Math.min(Math.max(0, x - box.left + 12), Math.max(0, box.width - tip.offsetWidth));
    tip.style.left = left + "px";
    tip.style.top = Math.max(0, y - box.top + 14) + "px";
  };
  const hide = () => { tip.hidden = true; };
  const place = (plot, i) => {
    const { element, side } = plot;
    const full = element._fullLayout;
    const box = element.getBoundingClientRect();
    return [box.left + full.xaxis._offset + full.xaxis.l2p(side.x[i]),
            box.top + full.yaxis._offset + full.yaxis.l2p(side.y[i])];
  };

  // --- search and legend ------------------------------------------------------------------------
  const found = make("ul", { class: "found" });
  const said = make("span", { class: "quiet", role: "status" });
  const search = make("input", { type: "search", placeholder: "Search by name or path", "aria-label": "Search by name or path" });
  const back = make("button", { type: "button" }, "Show all");
  const legend = make("ul", { class: "legend", "aria-label": "Top categories" });
  const unpress = () => legend.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", "false"));
  const go = (i) => {
    focus = [i];
    plots.forEach(({ element, side }) => {
      if (side.x[i] === null) return;
      const reach = side.reach / 6;
      Plotly.relayout(element, { "xaxis.range": [side.x[i] - reach, side.x[i] + reach],
                                 "yaxis.range": [side.y[i] - reach, side.y[i] + reach] });
    });
    draw();
    const first = plots.find(({ side }) => side.x[i] !== null);
    if (first) show(i, ...place(first, i));
  };
  const list = (positions) => {
    found.replaceChildren(...positions.slice(0, 30).map((i) => {
      const button = make("button", { type: "button" });
      button.append(bdi(data.paths[i]));
      button.addEventListener("click", () => go(i));
      return make("li", {}, button);
    }));
  };
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    hide();
    unpress();
    focus = null;
    if (wanted) {
      focus = [];
      for (let i = 0; i < count; i++) if (lower[i].includes(wanted)) focus.push(i);
    }
    said.textContent = wanted ? number.format(focus.length) + " found" : "";
    list(focus || []);
    draw();
  });
  back.addEventListener("click", () => {
    search.value = "";
    said.textContent = "";
    focus = null;
    hide();
    unpress();
    list([]);
    plots.forEach(({ element }) => Plotly.relayout(element, { "xaxis.autorange": true, "yaxis.autorange": true }));
    draw();
  });
  const dots = [];
  data.tops.slice(0, 24).forEach((name, top) => {
    const dot = make("span", { class: "dot" });
    dots.push([dot, top]);
    const button = make("button", { type: "button", "aria-pressed": "false" }, dot, bdi(name));
    button.addEventListener("click", () => {
      const pressed = button.getAttribute("aria-pressed") === "true";
      search.value = "";
      said.textContent = "";
      hide();
      unpress();
      list([]);
      focus = null;
      if (!pressed) {
        button.setAttribute("aria-pressed", "true");
        focus = [];
        for (let i = 0; i < count; i++) if (data.top[i] === top) focus.push(i);
      }
      draw();
    });
    legend.append(make("li", {}, button));
  });
  const paint = () => dots.forEach(([dot, top]) => { dot.style.background = colour(top); });

  // --- together ---------------------------------------------------------------------------------
  const sides = make("div", { class: "sides" });
  root.append(make("div", { class: "controls" }, search, back, said), found, legend, sides, tip);
  // All places first: Plotly measures its own when it draws.
  for (const side of data.sides) {
    const element = make("div", { class: "plot", role: "img", "aria-label": side.title });
    sides.append(make("figure", {}, element, make("figcaption", {}, side.title)));
    plots.push({ element, side });
  }
  for (const plot of plots) {
    const { element, side } = plot;
    const xs = side.x.filter((x) => x !== null);
    side.reach = xs.length ? Math.max(1e-6, xs.reduce((a, b) => Math.max(a, b)) - xs.reduce((a, b) => Math.min(a, b))) : 1;
    Plotly.newPlot(element, traces(side), layout(), config);
    const pointed = (event) => {
      const i = event.points[0].customdata;
      if (i !== undefined) show(i, ...place(plot, i));
    };
    element.on("plotly_hover", pointed);
    element.on("plotly_click", pointed);
    element.on("plotly_unhover", hide);
    element.on("plotly_relayouting", hide);
  }
  paint();
  likewiseTheme.listen(() => { paint(); draw(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  return { place: (which, i) => place(plots[which], i), go };
}
document.querySelectorAll("[data-map]").forEach((root) => {
  root.likewise = likewiseMap(root, JSON.parse(document.getElementById(root.dataset.map).textContent));
});
