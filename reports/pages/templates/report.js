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

/* A column of a matrix says what it is, and a cell also what it found; the page has each title once. */
(() => {
  const heads = [...document.querySelectorAll(".matrix thead a")];
  const titles = new Map(heads.filter((head) => head.title).map((head) => [head.textContent, head.title]));
  for (const head of heads) head.title = titles.get(head.textContent);
  for (const link of document.querySelectorAll(".matrix td a[aria-label]")) {
    link.addEventListener("pointerenter", () => {
      const column = link.closest("table").tHead.rows[0].cells[link.closest("td").cellIndex];
      const criterion = column?.querySelector("a")?.title;
      link.title = link.getAttribute("aria-label") + (criterion ? `: ${criterion}` : "");
    }, { once: true });
  }
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
