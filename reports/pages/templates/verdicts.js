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
