"use strict";

/* A filter of words and states, in the page's address too, so that it can be sent to somebody. */
function filterOf(form) {
  const boxes = [...form.querySelectorAll("input[name=state]")];
  return {
    words: () => form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean),
    states: () => new Set(boxes.filter((box) => box.checked).map((box) => box.value)),
    tell: (shown, total) => {
      form.querySelector("output").textContent = shown === total ? "" : `${shown} of ${total} shown`;
    },
    keep: () => {
      const asked = new URLSearchParams();
      if (form.elements.words.value) asked.set("words", form.elements.words.value);
      for (const box of boxes) if (!box.checked) asked.append("without", box.value);
      const query = asked.toString();
      try {
        history.replaceState(null, "", `${location.pathname}${query ? `?${query}` : ""}${location.hash}`);
      } catch {
        // A browser that lets no page from disk change its address: the filter works all the same.
      }
    },
    recall: () => {
      const asked = new URLSearchParams(location.search);
      form.elements.words.value = asked.get("words") ?? "";
      for (const box of boxes) box.checked = !asked.getAll("without").includes(box.value);
    },
    begin: (filter, keep) => {
      form.addEventListener("input", () => { filter(); keep(); });
      form.addEventListener("submit", (event) => event.preventDefault());
      form.hidden = false;
    },
  };
}

/* Filter many datasets. Without this script they stand as they are, worst first. */
(() => {
  const form = document.querySelector("form.filter[data-rows]");
  if (!form) return;
  const asked = filterOf(form);
  const rows = [...document.getElementById(form.dataset.rows).tBodies[0].rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());

  function filter() {
    const [words, states] = [asked.words(), asked.states()];
    let shown = 0;
    rows.forEach((row, index) => {
      const matches = states.has(row.dataset.state) && words.every((word) => texts[index].includes(word));
      if (row.hidden === matches) row.hidden = !matches;
      shown += matches;
    });
    asked.tell(shown, rows.length);
  }

  asked.begin(filter, asked.keep);
  asked.recall();
  filter();
})();

/* Filter and sort the verdicts. Without this script they stand as they are, worst first. */
(() => {
  const form = document.querySelector("form.filter:not([data-rows])");
  if (!form) return;
  const asked = filterOf(form);
  const FEW = 60; // verdicts: no more are laid open by a filter
  const groups = [...document.querySelectorAll("details.criterion")].map((details) => {
    const rows = [...details.querySelectorAll("tr[data-state]")];
    return { details, rows, heading: details.querySelector(".what").textContent.toLowerCase() };
  });
  const total = groups.reduce((sum, group) => sum + group.rows.length, 0);

  /* What is searched of a criterion's rows, read once. */
  function texts(group) {
    group.texts ??= group.rows.map((row) => row.textContent.toLowerCase());
    return group.texts;
  }

  function filter() {
    const [wanted, states] = [asked.words(), asked.states()];
    let shown = 0;
    for (const group of groups) {
      const left = wanted.filter((word) => !group.heading.includes(word));
      const matches = group.rows.map((row, index) =>
        states.has(row.dataset.state) && left.every((word) => texts(group)[index].includes(word)));
      group.shown = matches.filter(Boolean).length;
      group.details.hidden = !group.shown;
      shown += group.shown;
      if (!group.shown) continue; // its rows are out of sight anyway
      group.rows.forEach((row, index) => { if (row.hidden === matches[index]) row.hidden = !matches[index]; });
    }
    const lay = wanted.length > 0 && shown <= FEW;
    for (const group of groups) {
      if (lay && group.shown && !group.details.open) group.details.open = group.laid = true;
      else if (!lay && group.laid) group.details.open = group.laid = false;
    }
    asked.tell(shown, total);
  }

  function key(row, column, kind) {
    const cell = row.cells[column];
    if (kind === "text") return cell.textContent.trim();
    return cell.dataset.key === undefined ? null : Number(cell.dataset.key);
  }

  function sort(rows, heading, column) {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    const kind = heading.dataset.sort;
    const keys = new Map(rows.map((row) => [row, key(row, column, kind)]));
    const sign = descending ? -1 : 1;
    const order = new Intl.Collator(undefined, { numeric: true });
    const compare = kind === "text" ? (a, b) => order.compare(a, b) : (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const missing = (a, b) => (keys.get(a) === null) - (keys.get(b) === null);
    const sorted = rows.slice().sort((a, b) => missing(a, b) || sign * compare(keys.get(a), keys.get(b)));
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    rows[0].parentNode.append(...sorted);
  }

  /* Headings sort once their table is opened. */
  function prepare(group) {
    if (group.sorts || group.rows.length < 2) return;
    group.sorts = true;
    const headings = group.details.querySelector("table.verdicts thead tr").cells;
    [...headings].forEach((heading, column) => {
      if (!heading.dataset.sort) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(group.rows, heading, column));
      heading.append(button);
    });
  }

  /* A link to a verdict opens its criterion, and shows it where the filter hides it. */
  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target?.closest("details.criterion");
    if (!details) return;
    if (target.hidden || details.hidden) {
      form.reset();
      filter();
      asked.keep();
    }
    details.open = true;
    target.scrollIntoView();
  }

  const all = form.elements.all;
  all.addEventListener("click", () => {
    const open = all.textContent === "Open all";
    for (const group of groups) group.details.open = open;
    all.textContent = open ? "Close all" : "Open all";
  });
  for (const group of groups) group.details.addEventListener("toggle", () => group.details.open && prepare(group));
  asked.begin(filter, asked.keep);
  addEventListener("hashchange", reveal);
  asked.recall();
  filter();
  reveal();
  window.requestIdleCallback?.(() => groups.forEach(texts));
})();

/* A cell of the matrix says what it is where it is pointed at; its label and its column say it once in the page. */
for (const link of document.querySelectorAll(".matrix td a[aria-label]")) {
  link.addEventListener("pointerenter", () => {
    const column = link.closest("table").tHead.rows[0].cells[link.closest("td").cellIndex];
    const criterion = column?.querySelector("a")?.title;
    link.title = link.getAttribute("aria-label") + (criterion ? `: ${criterion}` : "");
  }, { once: true });
}

/* Enlarge a figure in place; without this script the link opens the image. */
(() => {
  const dialog = document.getElementById("lightbox");
  if (!dialog.showModal) return;
  const [image, caption] = [dialog.querySelector("img"), dialog.querySelector("p")];
  for (const link of document.querySelectorAll("a.enlarge")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      image.src = link.getAttribute("href");
      image.alt = link.querySelector("img").alt;
      caption.textContent = link.closest("figure")?.querySelector("figcaption").textContent ?? image.alt;
      dialog.showModal();
    });
  }
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target === image) dialog.close();
  });
})();
