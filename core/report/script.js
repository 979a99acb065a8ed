// left, right, width: the ends of the step axis and the width of a chart, in its own units.
// stepText: "step {step}" in the language of the page.
for (const figure of document.querySelectorAll(".chart")) {
  const svg = figure.querySelector("svg"), cross = svg.querySelector(".cross"), said = figure.querySelector("output");
  const last = Number(svg.dataset.last) || 1;
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
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * width;
    const step = Math.min(Math.max((x - left) / (right - left), 0), 1) * last;
    const found = curves.map((curve) => ({ curve, at: nearest(curve.steps, step) }));
    const shown = found[0].curve.steps[found[0].at], place = left + shown / last * (right - left);
    cross.setAttribute("x1", place);
    cross.setAttribute("x2", place);
    cross.setAttribute("visibility", "visible");
    said.textContent = stepText.replace("{step}", Math.round(shown).toLocaleString(language)) + " \u00b7 " +
      found.map(({ curve, at }) => curve.name + " " + curve.values[at]).join(" \u00b7 ");
  });
  svg.addEventListener("pointerleave", () => {
    cross.setAttribute("visibility", "hidden");
    said.textContent = "";
  });
}
