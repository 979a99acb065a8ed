"""How a report looks, on a screen by day and by night and on paper, and what its curves answer to a pointer."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark; --page: #ffffff; --card: #f4f5f8; --text: #1a212c; --muted: #566070; --line: #d3d8e0;
  --generator: #1d5fbf; --discriminator: #c2410c; --c2: #0b7a5a; --c3: #8e3a8a;
  --mark: #2f5bd7; --good: #1b6e3c; --watch: #8a5300; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #171a20; --card: #1e222a; --text: #e6e9ee; --muted: #a3acba; --line: #363d49;
    --generator: #6cb2ff; --discriminator: #f5a35c; --c2: #57cfa4; --c3: #e29be0;
    --mark: #8ab0ff; --good: #86d9a5; --watch: #f0bd62; --bad: #ffb4a9;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 76rem; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 2.6rem 0 .8rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
h4 { font-size: .95rem; font-weight: 600; margin: 0; }
p { margin: .3rem 0; max-width: 46rem; }
.muted, figcaption, caption, footer { color: var(--muted); }
dl {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .9rem 1.5rem; margin: 1.4rem 0;
}
dt { color: var(--muted); font-size: .85rem; }
dd { margin: 0; font-size: 1.1rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; min-width: 0; }
figure img { display: block; width: 100%; height: auto; border-radius: 6px; background: var(--card); }
img.coarse { image-rendering: pixelated; }
figcaption { font-size: .9rem; margin-top: .4rem; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
.chart { background: var(--card); border-radius: 8px; padding: .8rem .9rem .5rem; }
.chart figcaption { margin: 0 0 .3rem; color: var(--text); }
.chart svg { display: block; width: 100%; height: auto; touch-action: pan-y; }
.chart output {
  display: block; min-height: 1.5em; color: var(--muted); font-size: .85rem; font-variant-numeric: tabular-nums;
}
.legend { display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0; padding: 0; list-style: none; color: var(--muted); }
.legend i {
  display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; background: currentColor;
}
svg text { fill: var(--muted); font-size: 11px; font-variant-numeric: tabular-nums; }
.grid line { stroke: var(--line); stroke-width: 1; }
.line { fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; }
.band { fill: currentColor; opacity: .22; }
.dot { fill: currentColor; }
.mark line { stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 4 3; }
.cross { stroke: var(--muted); stroke-width: 1; pointer-events: none; }
.generator, .c0 { color: var(--generator); } .discriminator, .c1 { color: var(--discriminator); }
.c2 { color: var(--c2); } .c3 { color: var(--c3); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; padding-bottom: .4rem; }
th, td {
  text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere;
}
thead th { color: var(--muted); font-weight: 600; }
tbody th { font-weight: 500; overflow-wrap: break-word; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
details { margin: 1rem 0; }
summary { cursor: pointer; font-weight: 600; padding: .3rem 0; }
.finding { border-left: 4px solid var(--line); padding: .2rem 0 .2rem .8rem; margin: .5rem 0; }
.finding.good { border-color: var(--good); } .finding.watch { border-color: var(--watch); }
.finding.bad { border-color: var(--bad); }
.play { display: inline-flex; align-items: center; gap: .4rem; margin-top: .4rem; font-size: .9rem; }
.play { position: relative; z-index: 1; cursor: pointer; }
.film img.moving, .film input:checked ~ img.still { display: none; }
.film input:checked ~ img.moving { display: block; }
.film { display: flex; flex-direction: column; }
.film input { order: 1; position: absolute; opacity: 0; }
.film img { order: 0; } .film label { order: 2; } .film figcaption { order: 3; }
.film input:focus-visible ~ label { outline: 2px solid var(--mark); outline-offset: 2px; }
.play::before { content: "\\25B6"; color: var(--mark); }
.film input:checked ~ .play::before { content: "\\25A0"; }
footer { margin-top: 3rem; font-size: .85rem; }
@media print {
  :root {
    color-scheme: light; --page: #fff; --card: #fff; --text: #000; --muted: #444; --line: #bbb;
    --generator: #1d5fbf; --discriminator: #c2410c; --c2: #0b7a5a; --c3: #8e3a8a; --mark: #2f5bd7;
  }
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  .play, .chart output { display: none; }
  .chart { padding: 0; }
  .charts { grid-template-columns: 1fr 1fr; }
  .side { grid-template-columns: repeat(3, 1fr); }
  .film img.still { display: block !important; } .film img.moving { display: none !important; }
  figure, tr, .finding { break-inside: avoid; }
  h2, h3, summary { break-after: avoid; }
}
"""

SCRIPT = """
for (const figure of document.querySelectorAll(".chart")) {
  const svg = figure.querySelector("svg"), cross = svg.querySelector(".cross"), said = figure.querySelector("output");
  const [left, right] = [LEFT, END], last = Number(svg.dataset.last) || 1;
  const curves = [...svg.querySelectorAll("[data-steps]")].map((line) => ({
    name: line.dataset.name,
    steps: line.dataset.steps.split(" ").map(Number),
    values: line.dataset.values.split(" "),
  }));
  const nearest = (steps, at) => {
    let low = 0, high = steps.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle] < at) low = middle + 1; else high = middle;
    }
    return low && at - steps[low - 1] < steps[low] - at ? low - 1 : low;
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * WIDTH;
    const step = Math.min(Math.max((x - left) / (right - left), 0), 1) * last;
    const found = curves.map((curve) => ({ curve, at: nearest(curve.steps, step) }));
    const shown = found[0].curve.steps[found[0].at], place = left + shown / last * (right - left);
    cross.setAttribute("x1", place);
    cross.setAttribute("x2", place);
    cross.setAttribute("visibility", "visible");
    said.textContent = "step " + Math.round(shown).toLocaleString("en") + " \\u00b7 " +
      found.map(({ curve, at }) => curve.name + " " + curve.values[at]).join(" \\u00b7 ");
  });
  svg.addEventListener("pointerleave", () => {
    cross.setAttribute("visibility", "hidden");
    said.textContent = "";
  });
}
"""
"""LEFT, END and WIDTH stand for the places of a chart's plane."""
