// The map: points with Plotly, and everything around them: search, legend, what a point is.
// Text of the catalogue reaches the page by textContent alone. The page has a still drawing already, in
// which one can search and point; Plotly, which takes a browser a second or two to read, is woken when
// the map comes into view, for zoom.
"use strict";
function likewiseMap(root, data) {
  const COLOURS = 12; // --c0 to --c11 of page.css
  const count = data.labels.length;
  const [small, spread] = data.size;
  const dense = data.dense;
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
  const most = data.events.reduce((a, b) => Math.max(a, b), 1);
  const size = (events) => small + spread * Math.sqrt(events / most);

  // --- points -----------------------------------------------------------------------------------
  const inked = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    const colours = Array.from({ length: COLOURS }, (_, i) => of("--c" + i));
    return { ink: of("--ink"), quiet: of("--quiet"), accent: of("--accent"), paper: of("--paper"),
             colour: (top) => colours[top] || of("--other") };
  };
  // Plotly reads labels as markup of its own: what could be markup becomes entities.
  const inert = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  // Names of points near an edge lean inwards, as those of the still drawing do.
  const leaning = ({ x, frame: [[low, high]] }, i) => {
    const at = (x[i] - low) / (high - low);
    return at < 0.15 ? "top right" : at > 0.85 ? "top left" : "top center";
  };
  const traces = (side) => {
    const { ink, paper, colour } = inked();
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
    const shown = data.named[side.name].slice(0, innerWidth > 640 ? 24 : 12); // 40rem of page.css
    const names = {
      type: "scatter", mode: "text", x: shown.map((i) => side.x[i]), y: shown.map((i) => side.y[i]),
      text: shown.map((i) => inert(data.labels[i].slice(0, 28))), textposition: shown.map((i) => leaning(side, i)),
      hoverinfo: "skip", showlegend: false, textfont: { color: ink, size: 12 }, opacity: faded ? 0.3 : 1,
    };
    return [base, found, names];
  };
  const layout = ([xs, ys]) => {
    const axis = (range) => ({ visible: false, fixedrange: false, range: [...range] });
    const { quiet, accent } = inked();
    return { xaxis: axis(xs), yaxis: axis(ys), dragmode: "pan", hovermode: "closest", hoverdistance: 12,
             margin: { l: 6, r: 6, t: 6, b: 6 }, paper_bgcolor: "rgba(0,0,0,0)",
             plot_bgcolor: "rgba(0,0,0,0)",
             modebar: { bgcolor: "rgba(0,0,0,0)", color: quiet, activecolor: accent }, font: { family: "system-ui, sans-serif" } };
  };
  const config = { displaylogo: false, responsive: true, scrollZoom: true,
    modeBarButtons: [["pan2d", "zoom2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]] };
  const seen = ({ element, side }) =>
    (element.layout ? [element.layout.xaxis.range, element.layout.yaxis.range] : side.frame);
  let alive = false;
  const mark = () => { // in the still drawing
    const hits = new Set(focus || []);
    plots.forEach(({ element, side }) => element.querySelectorAll(".still path").forEach((path, at) => {
      path.classList.toggle("faded", focus !== null && !hits.has(data.drawn[side.name][at]));
    }));
  };
  const draw = () => {
    if (!alive) return mark();
    plots.forEach((plot) => Plotly.react(plot.element, traces(plot.side), layout(seen(plot)), config));
  };
  const view = ({ element }, xs, ys) => Plotly.relayout(element, { "xaxis.range": [...xs], "yaxis.range": [...ys] });

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
  const place = ({ element, side }, i) => {
    if (!alive) {
      const box = (element.querySelector("div.still") || element).getBoundingClientRect();
      const [[left, right], [bottom, top]] = side.frame;
      return [box.left + ((side.x[i] - left) / (right - left)) * box.width,
              box.top + ((top - side.y[i]) / (top - bottom)) * box.height];
    }
    const full = element._fullLayout;
    const box = element.getBoundingClientRect();
    return [box.left + full.xaxis._offset + full.xaxis.l2p(side.x[i]),
            box.top + full.yaxis._offset + full.yaxis.l2p(side.y[i])];
  };
  const point = (plot, event) => { // at the nearest point of the still drawing
    let best = null, nearest = 12;
    for (const i of data.drawn[plot.side.name]) {
      const [x, y] = place(plot, i);
      const far = Math.hypot(x - event.clientX, y - event.clientY);
      if (far <= nearest) [best, nearest] = [i, far]; // of equals the one on top
    }
    if (best === null) hide();
    else show(best, ...place(plot, best));
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
    const first = plots.find(({ side }) => side.x[i] !== null);
    draw();
    if (first) show(i, ...place(first, i));
    wake(() => {
      plots.forEach((plot) => {
        const { side } = plot;
        if (side.x[i] === null) return;
        const [across, up] = side.frame.map(([low, high]) => (high - low) / 6);
        view(plot, [side.x[i] - across, side.x[i] + across], [side.y[i] - up, side.y[i] + up]);
      });
      draw();
      if (first) show(i, ...place(first, i));
    });
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
    if (alive) plots.forEach((plot) => view(plot, ...plot.side.frame));
    draw();
  });
  data.tops.slice(0, 24).forEach((name, top) => {
    const dot = make("span", { class: "dot " + (top < COLOURS ? "c" + top : "other") });
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

  // --- together ---------------------------------------------------------------------------------
  root.querySelector(".legend").replaceWith(legend);
  root.prepend(make("div", { class: "controls" }, search, back, said), found);
  root.append(tip);
  root.querySelectorAll(".plot").forEach((element, i) => {
    const plot = { element, side: data.sides[i] };
    plots.push(plot);
    if (!dense) element.addEventListener("pointermove", (event) => { if (!alive) point(plot, event); });
  });
  const start = () => {
    if (!window.Plotly) {
      const script = make("script");
      script.textContent = document.getElementById("later").textContent;
      document.head.append(script);
    }
    plots.forEach((plot) => {
      plot.element.replaceChildren();
      Plotly.newPlot(plot.element, traces(plot.side), layout(plot.side.frame), config);
      const pointed = (event) => {
        const i = event.points[0].customdata;
        if (i !== undefined) show(i, ...place(plot, i));
      };
      plot.element.on("plotly_hover", pointed);
      plot.element.on("plotly_click", pointed);
      plot.element.on("plotly_unhover", hide);
      plot.element.on("plotly_relayouting", hide);
    });
    alive = true;
  };
  let woken = null;
  // What the reader did is shown before the page is busy; the text of Plotly is the page's last part.
  const wake = (then) => {
    woken ??= new Promise((ready) => {
      const soon = () => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => { start(); ready(); })));
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", soon);
      else soon();
    });
    if (alive) then?.();
    else woken.then(then);
  };
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    wake();
  }, { rootMargin: "100px" });
  watch.observe(root);
  likewiseTheme.listen(draw);
  window.matchMedia("print").addEventListener("change", draw); // ink for paper, whatever the theme
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  return { place: (which, i) => place(plots[which], i), go };
}
document.querySelectorAll("[data-map]").forEach((root) => {
  root.likewise = likewiseMap(root, JSON.parse(document.getElementById(root.dataset.map).textContent));
});
