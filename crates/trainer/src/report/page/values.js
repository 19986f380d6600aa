"use strict";
// Shows the values of a figure's curves where a pointer is, or where the arrow keys have led. Without it the page is whole.
for (const figure of document.querySelectorAll("figure")) {
  const plot = figure.querySelector(".plot");
  const values = figure.querySelector(".values");
  const along = figure.querySelector("text.along")?.textContent;
  const curves = [...figure.querySelectorAll("tr[data-x]")].map((row) => ({
    name: row.querySelector("th").textContent,
    sample: row.querySelector("svg"),
    x: row.dataset.x.split(" ").map(Number),
    y: row.dataset.y.split(" "),
  })).filter((curve) => curve.y[0] !== "");
  const places = [...new Set(curves.flatMap((curve) => curve.x))].sort((left, right) => left - right);
  if (places.length === 0) continue;
  let place = -1;

  const drawn = () => [...plot.querySelectorAll("svg[data-frame]")].find((svg) => svg.getClientRects().length > 0);
  const nearest = (sorted, value) => {
    let [low, high] = [0, sorted.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (sorted[middle] <= value) low = middle; else high = middle;
    }
    return value - sorted[low] <= sorted[high] - value ? low : high;
  };
  // An axis in the picture: from values to places, and back.
  const axis = (svg, name, start, end) => {
    const scale = svg.dataset[name + "Spacing"] === "logarithmic" ? [Math.log, Math.exp] : [Number, Number];
    const [low, high] = svg.dataset[name].split(" ").map((value) => scale[0](Number(value)));
    return {
      place: (value) => start + (end - start) * (scale[0](value) - low) / (high - low),
      value: (at) => scale[1](low + (high - low) * (at - start) / (end - start)),
    };
  };
  const node = (parent, name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
  };

  const hide = () => {
    place = -1;
    values.hidden = true;
    for (const cursor of plot.querySelectorAll(".cursor")) cursor.remove();
  };
  const show = (index) => {
    hide();
    place = Math.min(Math.max(index, 0), places.length - 1);
    const svg = drawn();
    const [left, right, top, bottom] = svg.dataset.frame.split(" ").map(Number);
    const [x, y] = [axis(svg, "x", left, right), axis(svg, "y", bottom, top)];
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "g");
    cursor.setAttribute("class", "cursor");
    node(cursor, "path", { d: `M${x.place(places[place])},${top}V${bottom}` });
    values.replaceChildren();
    const head = document.createElement("div");
    head.textContent = `${along} ${places[place]}`;
    values.append(head);
    for (const curve of curves) {
      const at = nearest(curve.x, places[place]);
      const height = y.place(Number(curve.y[at]));
      if (Number.isFinite(height)) node(cursor, "circle", { cx: x.place(curve.x[at]), cy: height, r: 4 });
      const line = document.createElement("div");
      const value = document.createElement("b");
      value.textContent = curve.y[at];
      line.append(curve.sample.cloneNode(true), ` ${curve.name} `, value);
      if (curve.x[at] !== places[place]) line.append(` at ${curve.x[at]}`);
      values.append(line);
    }
    svg.append(cursor);
    values.hidden = false;
    // Beside the pointer, on the side that has room.
    const share = x.place(places[place]) / svg.viewBox.baseVal.width;
    values.style.left = share < 0.5 ? `${100 * share + 2}%` : "auto";
    values.style.right = share < 0.5 ? "auto" : `${100 * (1 - share) + 2}%`;
  };

  plot.addEventListener("pointermove", (event) => {
    const svg = drawn();
    const box = svg.getBoundingClientRect();
    const [left, right] = svg.dataset.frame.split(" ").map(Number);
    const at = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    show(nearest(places, axis(svg, "x", left, right).value(at)));
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const end = places.length - 1;
    const next = { ArrowRight: place + 1, ArrowLeft: place < 0 ? end : place - 1, Home: 0, End: end }[event.key];
    if (event.key === "Escape") hide();
    if (next === undefined) return;
    event.preventDefault();
    show(next);
  });
  figure.querySelector(".logarithmic-switch")?.addEventListener("change", hide);
}
