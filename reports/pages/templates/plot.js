/* Interactive figures: the points of a figure are drawn in place of its image, and can be inspected and
   zoomed. Without this script, and in print, the image is shown. */
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const REACH = 18; // pixels from the pointer to the point that it means
  const NARROW = 480; // pixels: below, panels stand one below another
  const EDGE = { left: 52, right: 10, top: 18, bottom: 36 };
  const FEW = 60; // points: no more are drawn larger
  const SHAPES = { // about a place, s times as large as where points are many
    circle: (x, y, s) => `M${x - 2.2 * s} ${y}a${2.2 * s} ${2.2 * s} 0 1 0 ${4.4 * s} 0a${2.2 * s} ${2.2 * s} 0 1 0 ${-4.4 * s} 0`,
    square: (x, y, s) => `M${x - 2 * s} ${y - 2 * s}h${4 * s}v${4 * s}h${-4 * s}z`,
    triangle: (x, y, s) => `M${x} ${y - 2.7 * s}l${2.6 * s} ${4.6 * s}h${-5.2 * s}z`,
    diamond: (x, y, s) => `M${x} ${y - 2.9 * s}l${2.6 * s} ${2.9 * s}l${-2.6 * s} ${2.9 * s}l${-2.6 * s} ${-2.9 * s}z`,
  };

  function element(name, attributes = {}, text = "") {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  }

  function control(label, words, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.setAttribute("aria-label", words);
    button.title = words;
    button.addEventListener("click", act);
    return button;
  }

  /* Round numbers between two ends, and how many decimals they need. */
  function ticks(low, high, wanted) {
    const rough = Math.abs(high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
    const [first, last] = [Math.ceil(Math.min(low, high) / step - 1e-9), Math.floor(Math.max(low, high) / step + 1e-9)];
    const decimals = Math.min(12, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
      const value = (first + index) * step;
      return { value, text: value.toFixed(decimals).replace("-", "−") };
    });
  }

  /* Round numbers between two ends of a logarithmic axis: of each decade 1, with room also 3, or 2 and 5. */
  function logTicks(low, high, wanted) {
    const [least, most] = [Math.min(low, high), Math.max(low, high)];
    const between = (digits) => {
      const found = [];
      for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power += 1) {
        for (const digit of digits) {
          const value = digit * 10 ** power;
          if (value >= least * 0.999 && value <= most * 1.001) found.push(value);
        }
      }
      return found;
    };
    const sets = [[1, 2, 3, 5], [1, 2, 5], [1, 3], [1]].map(between);
    const chosen = sets.find((each) => each.length <= wanted + 2) ?? sets[3];
    if (chosen.length < 2) return ticks(low, high, wanted);
    return chosen.map((value) => ({ value, text: Number(value.toPrecision(3)).toString() }));
  }

  class Plot {
    constructor(figure, held) {
      Object.assign(this, held);
      this.figure = figure;
      this.count = this.group.length;
      this.chosen = null;
      this.active = 0; // the panel that keys are about
      this.home = Object.fromEntries(Object.entries(this.axes).map(([name, axis]) => [name, [axis.low, axis.high]]));
      this.view = { ...this.home };
      this.frame();
      this.reset();
    }

    /* The parts of the page that stay, whatever is drawn. */
    frame() {
      this.box = document.createElement("div");
      this.box.className = "plot";
      const bar = document.createElement("div");
      bar.className = "bar-of-plot";
      bar.append(
        this.legend(),
        control("−", "Zoom out", () => this.zoom(1.6)),
        control("+", "Zoom in", () => this.zoom(1 / 1.6)),
        control("Reset", "Show all points", () => this.reset()),
      );
      const title = this.figure.querySelector("figcaption b")?.textContent ?? "Figure";
      this.svg = element("svg", { tabindex: "0", role: "application", "aria-roledescription": "interactive figure",
        "aria-label": `${title} Arrow keys: the next ${this.noun} across or up. Plus, minus: zoom in, zoom out. 0: reset.` });
      this.summary = document.createElement("output");
      this.summary.setAttribute("aria-live", "polite");
      this.help = document.createElement("p");
      this.help.className = "help-of-plot";
      this.field = document.createElement("div");
      this.field.append(this.svg);
      this.box.append(bar, this.field, this.summary, this.help);
      const image = this.figure.querySelector("a.enlarge");
      image.before(this.box);
      const swap = control("Static image", "Show the image that is printed", () => {
        const fixed = this.figure.classList.toggle("plotted");
        swap.textContent = fixed ? "Static image" : "Interactive";
        swap.title = fixed ? "Show the image that is printed" : "Show the points";
        swap.setAttribute("aria-label", swap.title);
        if (fixed) this.draw();
      });
      swap.className = "swap";
      image.after(swap);
      this.figure.classList.add("plotted");
      this.listen();
    }

    legend() {
      const legend = document.createElement("span");
      legend.className = "legend-of-plot";
      for (const group of this.groups) {
        const mark = element("svg", { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" });
        mark.append(element("path", { d: SHAPES[group.marker](8, 8, 1.5), fill: group.colour }));
        if (group.ringed) mark.append(element("path", { class: "ringed", d: SHAPES.circle(8, 8, 3), stroke: group.colour }));
        const entry = document.createElement("span");
        entry.append(mark, group.name);
        legend.append(entry);
      }
      if (this.outliers.length) {
        const mark = element("svg", { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" });
        mark.append(element("path", { class: "outlying", d: SHAPES.circle(8, 8, 2.4) }));
        const entry = document.createElement("span");
        entry.append(mark, `${this.outlying} (${this.outliers.length})`);
        legend.append(entry);
      }
      return legend;
    }

    listen() {
      this.svg.addEventListener("pointermove", (event) => this.moved(event));
      this.svg.addEventListener("pointerdown", (event) => this.pressed(event));
      this.svg.addEventListener("pointerup", (event) => this.released(event));
      this.svg.addEventListener("pointercancel", () => this.undrag());
      this.svg.addEventListener("dblclick", () => this.reset());
      this.svg.addEventListener("keydown", (event) => this.key(event));
      this.svg.addEventListener("wheel", (event) => {
        if (!event.ctrlKey) return; // an ordinary turn of the wheel moves the page
        event.preventDefault();
        const at = this.panelAt(event);
        if (at) this.zoom(event.deltaY > 0 ? 1.25 : 0.8, at);
      }, { passive: false });
      new ResizeObserver(() => {
        if (this.field.clientWidth && this.field.clientWidth !== this.width) this.draw();
      }).observe(this.field);
    }

    /* Where panels stand, in pixels of the drawing. */
    lay() {
      this.width = this.field.clientWidth || 640;
      const across = this.width < NARROW ? 1 : Math.min(this.across, this.panels.length);
      const wide = (this.width - across * (EDGE.left + EDGE.right)) / across;
      const tall = Math.round(Math.max(110, wide * (this.square ? 1 : 0.72)));
      this.places = this.panels.map((panel, number) => ({
        panel,
        number,
        left: (number % across) * (wide + EDGE.left + EDGE.right) + EDGE.left,
        top: Math.floor(number / across) * (tall + EDGE.top + EDGE.bottom) + EDGE.top,
        wide,
        tall,
      }));
      const rows = Math.ceil(this.panels.length / across);
      this.height = rows * (tall + EDGE.top + EDGE.bottom);
    }

    /* How far along the part of an axis that is in view a value is, from 0 to 1; equal ratios where it is
       logarithmic. */
    share(name, value) {
      const [low, high] = this.view[name];
      if (!this.axes[name].log) return (value - low) / (high - low);
      return value > 0 ? Math.log(value / low) / Math.log(high / low) : -1e6;
    }

    /* The value at a share of the part of an axis that is in view. */
    valueAt(name, share) {
      const [low, high] = this.view[name];
      return this.axes[name].log ? low * (high / low) ** share : low + share * (high - low);
    }

    toX(place, value) {
      return this.share(place.panel.x, value) * place.wide;
    }

    toY(place, value) {
      return place.tall - this.share(place.panel.y, value) * place.tall;
    }

    ticks(name, wanted) {
      const [low, high] = this.view[name];
      return this.axes[name].log ? logTicks(low, high, wanted) : ticks(low, high, wanted);
    }

    draw() {
      this.lay();
      this.svg.setAttribute("width", this.width);
      this.svg.setAttribute("height", this.height);
      this.named = new Set(); // labels of bounds that are written somewhere
      this.svg.replaceChildren(...this.places.map((place) => this.drawPanel(place)));
      this.mark();
      const shown = this.inView().length;
      const part = shown === this.count ? `${this.count} ${this.noun}s.` : `${shown} of ${this.count} ${this.noun}s in view.`;
      this.help.textContent = `${part} Drag to zoom in, double-click to reset; or use the keys ← → ↑ ↓ + − 0.`;
    }

    drawPanel(place) {
      const { panel, left, top, wide, tall } = place;
      const part = element("g", { transform: `translate(${left} ${top})` });
      part.append(element("rect", { class: "ground", width: wide, height: tall }));
      this.drawAxes(part, place);
      const inner = element("svg", { class: "inner", width: wide, height: tall, overflow: "hidden" });
      for (const name of [panel.x, panel.y]) {
        const [low, high] = this.view[name];
        if (low * high < 0) this.drawLine(inner, place, name, 0, "zero");
      }
      for (const line of this.lines) {
        if (line.axis !== panel.x && line.axis !== panel.y) continue;
        this.drawLine(inner, place, line.axis, line.value, "bound").append(element("title", {}, line.label));
      }
      for (const circle of this.circles) if (circle.panel === place.number) this.drawCircle(inner, place, circle);
      this.groups.forEach((group, number) => inner.append(this.drawGroup(place, group, number)));
      if (this.outliers.length) inner.append(this.drawOutliers(place));
      for (const trend of this.trends) if (trend.panel === place.number) this.drawTrend(inner, place, trend);
      for (const mark of this.marks) if (mark.panel === place.number) this.drawMark(inner, place, mark);
      for (const arrow of this.arrows) if (arrow.panel === place.number) this.drawArrow(inner, place, arrow);
      part.append(inner);
      this.nameBounds(part, place);
      if (panel.note) part.append(element("text", { class: "note", x: 0, y: -5 }, panel.note));
      place.inner = inner;
      return part;
    }

    /* What a bound is stands beside it once, in the first panel that has room right of the axis' own label. */
    nameBounds(part, place) {
      const write = (label, x, y) => {
        if (!label || this.named.has(label) || Math.min(x, place.wide) < 6.2 * label.length || y < 26 || y > place.tall) return;
        this.named.add(label);
        part.append(element("text", { class: "name", x, y, "text-anchor": "end" }, label));
      };
      for (const line of this.lines) {
        if (line.axis === place.panel.y) write(line.label, place.wide - 4, this.toY(place, line.value) + 12);
        else if (line.axis === place.panel.x) write(line.label, this.toX(place, line.value) - 4, place.tall - 6);
      }
      for (const circle of this.circles) {
        if (circle.panel === place.number) write(circle.label, place.wide - 4, place.tall - 6);
      }
    }

    drawAxes(part, place) {
      const { wide, tall } = place;
      const { x, y } = place.panel;
      for (const tick of this.ticks(x, wide < 220 ? 3 : wide < 400 ? 5 : 7)) {
        const across = this.toX(place, tick.value);
        part.append(element("path", { class: "tick", d: `M${across} ${tall}v4` }));
        part.append(element("text", { x: across, y: tall + 15, "text-anchor": "middle" }, tick.text));
      }
      for (const tick of this.ticks(y, tall < 160 ? 3 : 5)) {
        const up = this.toY(place, tick.value);
        part.append(element("path", { class: "tick", d: `M0 ${up}h-4` }));
        part.append(element("text", { x: -7, y: up + 4, "text-anchor": "end" }, tick.text));
      }
      part.append(element("text", { class: "axis", x: wide, y: tall + 30, "text-anchor": "end" }, this.axes[x].label));
      part.append(element("text", { class: "axis", x: 5, y: 13 }, this.axes[y].label));
    }

    drawLine(inner, place, axis, value, kind) {
      const d = axis === place.panel.x ? `M${this.toX(place, value)} 0v${place.tall}` : `M0 ${this.toY(place, value)}h${place.wide}`;
      const line = element("path", { class: kind, d });
      inner.append(line);
      return line;
    }

    drawCircle(inner, place, { x, y, radius, label }) {
      const [cx, cy] = [this.toX(place, x), this.toY(place, y)];
      const [rx, ry] = [Math.abs(this.toX(place, x + radius) - cx), Math.abs(this.toY(place, y + radius) - cy)];
      const drawn = element("ellipse", { class: "bound", cx, cy, rx, ry });
      drawn.append(element("title", {}, label));
      inner.append(drawn);
    }

    drawMark(inner, place, mark) {
      const [x, y] = [this.toX(place, mark.x), this.toY(place, mark.y)];
      const drawn = element("path", { class: "median", d: `M${x - 9} ${y}h18M${x} ${y - 9}v18` });
      drawn.append(element("title", {}, mark.label));
      inner.append(drawn);
    }

    drawArrow(inner, place, arrow) {
      const [x, y, toX, toY] = [this.toX(place, arrow.x), this.toY(place, arrow.y), this.toX(place, arrow.to_x), this.toY(place, arrow.to_y)];
      const length = Math.hypot(toX - x, toY - y);
      const head = Math.min(6, length / 2);
      const [across, up] = length ? [((toX - x) / length) * head, ((toY - y) / length) * head] : [0, 0];
      const ends = [-0.6, 0.6].map((side) => `M${toX} ${toY}l${-across + side * up} ${-up - side * across}`);
      const drawn = element("path", { class: "arrow", d: `M${x} ${y}L${toX} ${toY}${ends.join("")}` });
      drawn.append(element("title", {}, arrow.label));
      inner.append(drawn);
      if (arrow.text) inner.append(element("text", { class: "axis", x: x - 5, y: y + 4, "text-anchor": "end" }, arrow.text));
    }

    drawGroup(place, group, number) {
      const [xs, ys] = [this.columns[place.panel.x].values, this.columns[place.panel.y].values];
      const size = this.count > FEW ? 1 : 1.7;
      let [points, rings, errors] = ["", "", ""];
      for (let index = 0; index < this.count; index += 1) {
        if (this.group[index] !== number || xs[index] === null || ys[index] === null) continue;
        const [x, y] = [+this.toX(place, xs[index]).toFixed(1), +this.toY(place, ys[index]).toFixed(1)];
        points += SHAPES[group.marker](x, y, size);
        if (group.ringed) rings += SHAPES.circle(x, y, 2 * size);
        const error = this.columns[this.axes[place.panel.y].error]?.values[index] ?? null;
        if (error !== null) errors += `M${x} ${this.toY(place, ys[index] - error)}V${this.toY(place, ys[index] + error)}`;
      }
      const drawn = element("g");
      if (errors) drawn.append(element("path", { class: "errors", d: errors, stroke: group.colour }));
      drawn.append(element("path", { class: this.count > FEW ? "points" : "few points", d: points, fill: group.colour }));
      if (rings) drawn.append(element("path", { class: "ringed", d: rings, stroke: group.colour }));
      return drawn;
    }

    drawOutliers(place) {
      const at = this.outliers.map((index) => this.pixel(place, index)).filter(Boolean);
      return element("path", { class: "outlying", d: at.map(([x, y]) => SHAPES.circle(x, y, 2.4)).join("") });
    }

    drawTrend(inner, place, trend) {
      let d = "";
      trend.x.forEach((value, index) => {
        const [x, y] = [this.toX(place, value), this.toY(place, trend.y[index])];
        const [low, high] = [-1, 1].map((sign) => this.toY(place, trend.y[index] + sign * trend.error[index]));
        d = `${d}${index ? "L" : "M"}${x} ${y}`;
        inner.append(element("path", { class: "trend", d: `M${x} ${low}V${high}M${x - 3} ${low}h6M${x - 3} ${high}h6` }));
        inner.append(element("circle", { class: "mean", cx: x, cy: y, r: 3 }));
      });
      inner.append(element("path", { class: "trend", d }));
    }

    /* Ring the chosen point in every panel, and say what it is. */
    mark() {
      for (const place of this.places) {
        place.inner.querySelector(".ring")?.remove();
        const at = this.chosen === null ? null : this.pixel(place, this.chosen);
        if (at) place.inner.append(element("circle", { class: "ring", cx: at[0], cy: at[1], r: 7 }));
      }
      this.summary.textContent = this.chosen === null ? `Point at a ${this.noun} to see what it is.` : this.summarise(this.chosen);
    }

    summarise(index) {
      const numbers = Object.values(this.columns).map((column) => {
        const value = column.values[index];
        const text = value === null ? "–" : value.toFixed(column.decimals).replace("-", "−");
        return `${column.label} ${text}${column.unit ? ` ${column.unit}` : ""}`;
      });
      const kind = this.groups[this.group[index]].name.replace(/ \(\d+\)$/, "");
      const far = this.outliers.includes(index) ? [this.outlying] : [];
      return [...(this.names.length ? [this.names[index]] : []), kind, ...far, ...numbers].join(" · ");
    }

    pixel(place, index) {
      const [x, y] = [this.columns[place.panel.x].values[index], this.columns[place.panel.y].values[index]];
      return x === null || y === null ? null : [this.toX(place, x), this.toY(place, y)];
    }

    within(place, index) {
      const at = this.pixel(place, index);
      return at !== null && at[0] >= 0 && at[0] <= place.wide && at[1] >= 0 && at[1] <= place.tall;
    }

    /* Points that every panel shows. */
    inView() {
      const all = Array.from({ length: this.count }, (_, index) => index);
      return all.filter((index) => this.places.every((place) => this.within(place, index)));
    }

    panelAt(event) {
      const bounds = this.svg.getBoundingClientRect();
      const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
      const place = this.places.find(({ left, top, wide, tall }) =>
        x >= left - 4 && x <= left + wide + 4 && y >= top - 4 && y <= top + tall + 4);
      return place && { place, x: x - place.left, y: y - place.top };
    }

    nearest({ place, x, y }) {
      let [best, closest] = [null, REACH];
      for (let index = 0; index < this.count; index += 1) {
        if (!this.within(place, index)) continue;
        const at = this.pixel(place, index);
        const distance = Math.hypot(at[0] - x, at[1] - y);
        if (distance < closest) [best, closest] = [index, distance];
      }
      return best;
    }

    moved(event) {
      if (this.drag) return this.dragged(event);
      const at = this.panelAt(event);
      const found = at ? this.nearest(at) : null;
      if (found === null || found === this.chosen) return;
      this.active = at.place.number;
      this.chosen = found;
      this.mark();
    }

    pressed(event) {
      const at = this.panelAt(event);
      if (!at || event.button !== 0 || event.pointerType === "touch") return;
      this.drag = { ...at, rect: element("rect", { class: "drag" }) };
      at.place.inner.append(this.drag.rect);
      this.svg.setPointerCapture(event.pointerId);
    }

    dragged(event) {
      const { place, x, y, rect } = this.drag;
      const bounds = this.svg.getBoundingClientRect();
      const clip = (value, most) => Math.min(Math.max(value, 0), most);
      const ends = [clip(event.clientX - bounds.left - place.left, place.wide), clip(event.clientY - bounds.top - place.top, place.tall)];
      this.drag.ends = ends;
      const corner = { x: Math.min(x, ends[0]), y: Math.min(y, ends[1]) };
      const size = { width: Math.abs(x - ends[0]), height: Math.abs(y - ends[1]) };
      for (const [key, value] of Object.entries({ ...corner, ...size })) rect.setAttribute(key, value);
    }

    released() {
      if (!this.drag) return;
      const { place, x, y, ends } = this.drag;
      this.undrag();
      if (!ends || Math.abs(ends[0] - x) < 6 || Math.abs(ends[1] - y) < 6) return;
      const along = (name, from, to, length) => {
        const [low, high] = this.view[name];
        const [first, last] = [from, to].map((pixel) => this.valueAt(name, pixel / length));
        this.look(name, high > low === last > first ? [first, last] : [last, first]);
      };
      along(place.panel.x, x, ends[0], place.wide);
      along(place.panel.y, place.tall - y, place.tall - ends[1], place.tall);
      this.active = place.number;
      this.draw();
    }

    undrag() {
      this.drag?.rect.remove();
      this.drag = null;
    }

    /* Show a part of an axis, unless it is too small a part to tell numbers apart. */
    look(name, [low, high]) {
      const [first, last] = this.home[name];
      const part = this.axes[name].log ? Math.log(high / low) / Math.log(last / first) : (high - low) / (last - first);
      if (part > 1e-4) this.view[name] = [low, high];
    }

    /* Zoom about the pointer, the chosen point or the middle; never beyond the first view. */
    zoom(factor, at = null) {
      const names = at ? [at.place.panel.x, at.place.panel.y] : Object.keys(this.view);
      for (const name of names) {
        const [low, high] = this.view[name];
        let middle = this.chosen === null ? null : this.columns[name].values[this.chosen];
        if (at) middle = this.valueAt(name, name === at.place.panel.x ? at.x / at.place.wide : 1 - at.y / at.place.tall);
        const inside = middle !== null && (middle - low) * (middle - high) <= 0;
        const fixed = inside ? this.share(name, middle) : 0.5;
        const [first, last] = this.home[name];
        const clip = (value) => Math.min(Math.max(value, Math.min(first, last)), Math.max(first, last));
        this.look(name, [0, 1].map((end) => clip(this.valueAt(name, fixed + (end - fixed) * factor))));
      }
      this.draw();
    }

    reset() {
      this.view = { ...this.home };
      this.draw();
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { x, y } = this.panels[this.active];
      const acts = {
        ArrowRight: () => this.step(x, 1), ArrowLeft: () => this.step(x, -1),
        ArrowUp: () => this.step(y, 1), ArrowDown: () => this.step(y, -1),
        "+": () => this.zoom(1 / 1.6), "=": () => this.zoom(1 / 1.6), "-": () => this.zoom(1.6), "−": () => this.zoom(1.6),
        0: () => this.reset(), Escape: () => this.reset(),
      };
      const act = acts[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    }

    /* The next point in view along a column. */
    step(name, direction) {
      const { values } = this.columns[name];
      const [low, high] = this.view[name];
      const sign = high > low ? direction : -direction;
      const order = this.inView().sort((a, b) => sign * (values[a] - values[b]) || sign * (a - b));
      if (!order.length) return;
      const here = order.indexOf(this.chosen);
      this.chosen = order[here < 0 ? 0 : Math.min(here + 1, order.length - 1)];
      this.mark();
    }
  }

  function start(figure) {
    if (figure.plot) return;
    try {
      figure.plot = new Plot(figure, JSON.parse(figure.dataset.plot));
    } catch (error) {
      figure.classList.remove("plotted"); // the image stands
      figure.querySelector(".plot")?.remove();
      figure.querySelector(".swap")?.remove();
      console.error(error);
    }
  }

  const figures = document.querySelectorAll("figure[data-plot]");
  if (!figures.length || !window.ResizeObserver || !window.IntersectionObserver) return;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      start(entry.target);
    }
  }, { rootMargin: "600px" });
  figures.forEach((figure) => seen.observe(figure));
})();
