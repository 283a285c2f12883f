"use strict";

/* Filter and sort the table of verdicts. Without this script the table stands as it is, worst first. */
(() => {
  const table = document.querySelector("table.verdicts");
  const form = document.querySelector("form.filter");
  if (!table || !form) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  function filter() {
    const wanted = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const states = new Set([...form.querySelectorAll("input[name=state]:checked")].map((box) => box.value));
    let shown = 0;
    for (const row of rows) {
      const match = states.has(row.dataset.state) && wanted.every((word) => words.get(row).includes(word));
      row.hidden = !match;
      shown += match;
    }
    form.querySelector("output").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
  }

  function key(row, column, kind) {
    const cell = row.cells[column];
    if (kind === "text") return cell.textContent.trim();
    return cell.dataset.key === undefined ? null : Number(cell.dataset.key);
  }

  function sort(heading, column) {
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
    body.append(...sorted);
  }

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    if (!heading.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading, column));
    heading.append(button);
  });

  /* A link to a row that the filter hides shows it again. */
  function reveal() {
    const target = rows.find((row) => row.id === decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.hidden) return;
    form.reset();
    filter();
    target.scrollIntoView();
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  form.hidden = false;
  filter();
})();

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
