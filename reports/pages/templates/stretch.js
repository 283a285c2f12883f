
/* Images whose stretch is changed: each is a picture of levels, of which a filter of the browser makes greys,
   so that no pixel has to be read. Without this script, and in print, the image is shown as it was drawn. */
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const LEVELS = 256;
  const STEEP = 1000; // of the logarithm: how many times the faintest step the brightest is
  const NAMES = { linear: "linear", asinh: "asinh", log: "logarithmic" };
  let filters = 0;

  /* What each level of a panel's picture stands for. */
  function values({ levels, zero, width, first, last }) {
    return Array.from({ length: levels }, (_, k) => zero + width * Math.sinh(first + ((last - first) * k) / (levels - 1)));
  }

  /* The grey of each level: 1 is white, where there is no light. */
  function greys(panel, { low, high }, stretch) {
    const soft = Math.max(2 * panel.width, 1e-6 * (high - low)); // the asinh is linear about as far as the noise
    const [from, to] = [low, high].map((end) => Math.asinh((end - panel.zero) / soft));
    const curves = {
      linear: (share) => share,
      asinh: (share) => (Math.asinh((low + share * (high - low) - panel.zero) / soft) - from) / (to - from),
      log: (share) => Math.log1p(STEEP * share) / Math.log1p(STEEP),
    };
    const table = values(panel).map((value) => {
      const share = Math.min(Math.max((value - low) / (high - low), 0), 1);
      return 1 - curves[stretch](share);
    });
    return Array.from({ length: LEVELS }, (_, k) => table[Math.min(k, table.length - 1)]);
  }

  function choice(words, options, chosen, act) {
    const [label, select] = [document.createElement("label"), document.createElement("select")];
    for (const [value, text] of options) select.add(new Option(text, value, false, value === chosen));
    select.addEventListener("change", act);
    label.append(`${words} `, select);
    return [label, select];
  }

  class Images {
    constructor(figure, held) {
      Object.assign(this, held);
      this.folder = figure.querySelector("a.enlarge").getAttribute("href").replace(/[^/]*$/, "");
      this.box = document.createElement("div");
      this.box.className = "images-of-figure";
      const draw = () => this.draw();
      const names = this.panels[0].limits.map(({ name }, index) => [String(index), name]);
      const [first, stretches] = choice("Stretch", Object.entries(NAMES), this.stretch, draw);
      const [second, limits] = choice("Limits", names, "0", draw);
      Object.assign(this, { stretches, limits });
      this.range = document.createElement("output");
      this.range.setAttribute("aria-live", "polite");
      const bar = document.createElement("div");
      bar.className = "bar-of-images";
      bar.append(first, second, this.range);
      const field = document.createElement("div");
      field.className = this.panels.length > 1 ? "panels-of-images" : "panels-of-images alone";
      field.append(...this.panels.map((panel) => this.panel(panel)));
      this.box.append(bar, field);
      this.draw();
    }

    panel(panel) {
      const [whole, title, ground, image] = ["div", "p", "div", "img"].map((name) => document.createElement(name));
      title.textContent = panel.title;
      image.src = this.folder + panel.file;
      image.alt = `${panel.title}, with the stretch that is chosen`;
      const [svg, filter, transfer] = ["svg", "filter", "feComponentTransfer"].map((name) => document.createElementNS(SVG, name));
      filters += 1;
      filter.id = `stretch-${filters}`;
      filter.setAttribute("color-interpolation-filters", "sRGB");
      svg.setAttribute("aria-hidden", "true");
      for (const [name, value] of Object.entries({ x: 0, y: 0, width: 1, height: 1 })) filter.setAttribute(name, value);
      panel.tables = ["R", "G", "B"].map((channel) => {
        const table = document.createElementNS(SVG, `feFunc${channel}`);
        table.setAttribute("type", "discrete");
        return table;
      });
      transfer.append(...panel.tables);
      filter.append(transfer);
      svg.append(filter);
      image.style.filter = `url(#${filter.id})`;
      ground.className = "ground"; // seen where the picture is transparent; the filter is not for it
      ground.append(image);
      whole.append(title, ground, svg);
      return whole;
    }

    draw() {
      const number = Number(this.limits.value);
      for (const panel of this.panels) {
        const table = greys(panel, panel.limits[number], this.stretches.value).map((grey) => grey.toFixed(4)).join(" ");
        for (const each of panel.tables) each.setAttribute("tableValues", table);
      }
      const ranges = this.panels.map(({ limits }) => `${this.text(limits[number].low)} to ${this.text(limits[number].high)}`);
      this.range.textContent = `${[...new Set(ranges)].join("; ")} ${this.unit}`.trim();
    }

    text(value) {
      return Number(value.toPrecision(3)).toString().replace("-", "−");
    }
  }

  for (const figure of document.querySelectorAll("figure[data-images]")) {
    const image = figure.querySelector("a.enlarge");
    if (!image) continue;
    const swap = document.createElement("button");
    swap.type = "button";
    swap.className = "swap";
    swap.textContent = "Change the stretch";
    swap.setAttribute("aria-expanded", "false");
    swap.addEventListener("click", () => {
      if (!figure.images) {
        try {
          figure.images = new Images(figure, JSON.parse(figure.dataset.images));
        } catch (error) {
          swap.remove(); // the image stands
          console.error(error);
          return;
        }
        swap.after(figure.images.box);
      }
      const open = figure.classList.toggle("stretched");
      swap.textContent = open ? "As printed" : "Change the stretch";
      swap.setAttribute("aria-expanded", String(open));
    });
    image.after(swap);
  }
})();
