// Dark and light, printing, tables that sort; tells when all that a page begins (`mgskel.begun`) is there.
(function frame() {
  const theme = document.getElementById("theme");
  const paint = (dark) => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    theme.setAttribute("aria-pressed", String(dark));
    document.dispatchEvent(new Event("themed"));
  };
  theme.addEventListener("click", () => paint(document.documentElement.dataset.theme !== "dark"));
  const wish = window.matchMedia("(prefers-color-scheme: dark)");
  wish.addEventListener("change", (e) => paint(e.matches));
  window.addEventListener("beforeprint", () => paint(false));
  document.getElementById("print")?.addEventListener("click", () => window.print());

  const value = (row, column) => {
    const cell = row.cells[column];
    const shown = cell.dataset.value ?? cell.textContent.trim();
    const number = Number.parseFloat(shown);
    return Number.isNaN(number) ? (shown === "\u2013" ? -Infinity : shown.toLowerCase()) : number;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].map((row) => [value(row, column), row]);
      rows.sort(([a], [b]) => {
        const order = typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows.map(([, row]) => row));
    }));
  }
  paint(wish.matches);
  const begun = typeof mgskel === "undefined" ? null : mgskel.begun;
  Promise.resolve(begun).then(() => { document.documentElement.dataset.ready = "true"; });
})();
