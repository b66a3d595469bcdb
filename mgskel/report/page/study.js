// The study's page: raster of all events, rates by group, small multiples per gesture.
(function study() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const el = (id) => document.getElementById(id);
  const colour = (label) => data.groups[data.labels[label].group];
  const { make, colour: css } = mgskel;
  const SVG = "http://www.w3.org/2000/svg";
  const svg = (tag, attributes, words) => {
    const node = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (words !== undefined) node.textContent = words;
    return node;
  };
  const option = (select, value, text) => select.append(make("option", { value, text }));
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const observable = data.tenths.map((row) => row.map((tenths) => tenths / 10));
  const grouping = data.columns.map((column, index) => [column, index]).filter(([column]) => column.groups);

  // Choices
  option(el("order"), "name", "clip");
  option(el("order"), "participant", "participant");
  option(el("order"), "events", "events per minute");
  data.columns.forEach((column, index) => option(el("order"), String(index), column.name));
  if (grouping.length) el("order").value = String(grouping[0][1]);
  option(el("gesture"), "", "all");
  data.labels.forEach((label, index) => option(el("gesture"), String(index), label.name));
  option(el("by"), "", "all clips together");
  grouping.forEach(([column, index]) => option(el("by"), String(index), column.name));
  if (grouping.length) el("by").value = String(grouping[0][1]);
  for (const [group, shade] of Object.entries(data.groups)) {
    el("legend").append(make("span", {}, make("i", { style: { background: shade } }), group || "no group"));
  }

  // Raster
  const raster = el("raster"), events = data.events;
  const total = data.counts.map((row) => row.reduce((a, b) => a + b, 0));
  const compare = (a, b) => (typeof a === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
  function ordered() {
    const wish = el("order").value;
    const key = (i) => {
      const row = data.rows[i];
      if (wish === "name") return row.name;
      if (wish === "participant") return row.participant;
      if (wish === "events") return -total[i] / Math.max(row.seconds, 1);
      return row.values[Number(wish)];
    };
    return data.rows.map((_, i) => i).sort((a, b) => compare(key(a), key(b)) || compare(data.rows[a].name, data.rows[b].name));
  }
  let layout = null;
  function draw() {
    const order = ordered(), count = order.length;
    const height = Math.max(4, Math.min(20, Math.floor(760 / Math.max(count, 1))));
    const named = height >= 9, top = 6, foot = 22;
    const width = raster.parentElement.clientWidth - 36, ratio = window.devicePixelRatio || 1;
    const wish = el("order").value, byColumn = !["name", "participant", "events"].includes(wish);
    const band = byColumn && grouping.some(([, index]) => String(index) === wish);
    raster.style.width = `${width}px`;
    raster.style.height = `${count * height + top + foot}px`;
    raster.width = width * ratio; raster.height = (count * height + top + foot) * ratio;
    const pen = raster.getContext("2d");
    pen.scale(ratio, ratio);
    pen.font = `${Math.min(11, height)}px system-ui, sans-serif`;
    pen.textBaseline = "middle";
    const size = (words) => Math.ceil(pen.measureText(words).width);
    // Names give way before the groups, which stand in a column of their own.
    const tail = (row) => (band ? row.values[Number(wish)] || "" : "");
    const tails = named && band ? Math.min(Math.max(...data.rows.map((row) => size(tail(row)))), 0.2 * width) + 12 : 0;
    const gutter = named ? Math.min(Math.max(...data.rows.map((row) => size(row.name))) + 10, 0.32 * width) + tails : 40;
    raster.dataset.gutter = gutter;
    const longest = Math.max(...data.rows.map((row) => row.seconds), 1);
    const stretched = el("stretch").checked;
    // Shortened in the middle: clips of a study mostly begin alike.
    const fitting = (words, room) => {
      if (size(words) <= room) return words;
      let half = Math.floor(words.length / 2);
      const short = () => `${words.slice(0, half)}\u2026${words.slice(-half)}`;
      while (half > 1 && size(short()) > room) half -= 1;
      return short();
    };
    const scale = (i) => (width - gutter) / (stretched ? Math.max(data.rows[i].seconds, 1e-6) : longest);
    const place = new Array(count);
    order.forEach((i, line) => { place[i] = line; });
    let last = null, striped = false;
    order.forEach((i, line) => {
      const y = top + line * height, row = data.rows[i];
      if (band) {
        const value = row.values[Number(wish)];
        if (value !== last) { striped = !striped; last = value; }
      }
      pen.fillStyle = css(striped || !band ? "--stage" : "--chip");
      pen.fillRect(gutter, y, row.seconds * scale(i), Math.max(height - 1, 1));
      if (named) {
        pen.fillStyle = css("--quiet");
        pen.fillText(fitting(row.name, gutter - tails - 8), 0, y + height / 2);
        if (tails) pen.fillText(fitting(tail(row), tails - 10), gutter - tails, y + height / 2);
      }
    });
    const chosen = el("gesture").value;
    for (let e = 0; e < events.row.length; e += 1) {
      const faded = chosen !== "" && String(events.label[e]) !== chosen;
      pen.globalAlpha = faded ? 0.12 : 0.85;
      pen.fillStyle = colour(events.label[e]);
      const i = events.row[e], x = gutter + (events.start[e] / 100) * scale(i);
      pen.fillRect(x, top + place[i] * height, Math.max((events.length[e] / 100) * scale(i), 1.2), Math.max(height - 1, 1));
    }
    pen.globalAlpha = 1;
    pen.fillStyle = css("--quiet");
    if (!stretched) {
      const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
      const step = steps.find((s) => longest / s <= 9) || 14400;
      for (let t = 0; t <= longest; t += step) {
        const x = gutter + t * ((width - gutter) / longest);
        pen.fillRect(x, top, 0.5, count * height);
        pen.fillText(clock(t), Math.min(x, width - 28), top + count * height + 12);
      }
    }
    layout = { order, height, top, gutter, scale };
  }
  function under(event) {
    const box = raster.getBoundingClientRect();
    const x = event.clientX - box.left, line = Math.floor((event.clientY - box.top - layout.top) / layout.height);
    const i = layout.order[line];
    if (i === undefined) return {};
    const time = (x - layout.gutter) / layout.scale(i);
    const chosen = el("gesture").value, slack = 2 / layout.scale(i);
    let found = null;
    for (let e = 0; e < events.row.length; e += 1) {
      if (events.row[e] !== i || (chosen !== "" && String(events.label[e]) !== chosen)) continue;
      const start = events.start[e] / 100, end = start + events.length[e] / 100;
      if (time >= start - slack && time <= end + slack && (found === null || events.length[e] < events.length[found])) found = e;
    }
    return { row: data.rows[i], event: found };
  }
  raster.addEventListener("mousemove", (event) => {
    const { row, event: found } = under(event);
    raster.style.cursor = row && row.link ? "pointer" : "default";
    if (!row) { mgskel.tip(event); return; }
    const who = [row.name, row.participant !== row.name ? row.participant : "", ...row.values].filter(Boolean).join(" \u00b7 ");
    mgskel.tip(event, found === null ? who
      : `${data.labels[events.label[found]].name}, ${clock(events.start[found] / 100)}, ${(events.length[found] / 100).toFixed(1)} s, score ${(events.score[found] / 100).toFixed(2)} \u2014 ${who}`);
  });
  raster.addEventListener("mouseleave", (event) => mgskel.tip(event));
  raster.addEventListener("click", (event) => {
    const { row } = under(event);
    if (row && row.link) window.location.assign(row.link);
  });

  // Groups of clips by a column's values
  function groups() {
    const by = el("by").value;
    const members = new Map();
    data.rows.forEach((row, i) => {
      const value = by === "" ? "all" : row.values[Number(by)] || "(not told)";
      if (!members.has(value)) members.set(value, []);
      members.get(value).push(i);
    });
    return [...members].sort(([a], [b]) => compare(a, b));
  }
  const SHADES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#b8a800", "#7a6fb0"];

  function rates() {
    const parts = groups(), box = el("rates");
    box.replaceChildren();
    const labels = data.labels.map((_, l) => l).slice(0, 40);
    const values = labels.map((l) => parts.map(([, rows]) => {
      const seconds = rows.reduce((sum, i) => sum + observable[i][l], 0);
      return seconds > 0 ? (rows.reduce((sum, i) => sum + data.counts[i][l], 0) / seconds) * 60 : null;
    }));
    if (!labels.length) { box.textContent = "No gestures were found."; return; }
    const most = Math.max(...values.flat().filter((v) => v !== null), 1e-9);
    const line = 22, left = 210, right = 34 * Math.min(parts.length, 4) + 12, width = Math.max(box.clientWidth, 420), height = labels.length * line + 46;
    const x = (value) => left + (value / most) * (width - left - right);
    const figure = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", "aria-label": "Events per observable minute by gesture and group" });
    let at = left;
    parts.forEach(([value, rows], p) => {
      figure.append(svg("circle", { cx: at + 5, cy: 10, r: 5, fill: SHADES[p % SHADES.length] }));
      const words = svg("text", { x: at + 15, y: 14 }, `${value} (${rows.length})`);
      figure.append(words);
      at += 32 + 7 * `${value} (${rows.length})`.length;
    });
    labels.forEach((l, n) => {
      const y = 34 + n * line;
      const name = data.labels[l].name;
      figure.append(svg("text", { x: left - 10, y: y + 4, "text-anchor": "end" }, name.length > 30 ? `${name.slice(0, 29)}\u2026` : name));
      figure.append(svg("line", { x1: left, x2: width - right, y1: y, y2: y, class: "axis" }));
      const known = values[n].filter((v) => v !== null);
      if (known.length > 1) figure.append(svg("line", { x1: x(Math.min(...known)), x2: x(Math.max(...known)), y1: y, y2: y, class: "spread" }));
      values[n].forEach((value, p) => {
        if (value === null) return;
        const dot = svg("circle", { cx: x(value), cy: y, r: 5, fill: SHADES[p % SHADES.length] });
        dot.append(svg("title", {}, `${name}, ${parts[p][0]}: ${value.toFixed(2)} per minute`));
        figure.append(dot);
      });
      figure.append(svg("text", { x: width - right + 8, y: y + 4, class: "quiet" }, parts.length > 4 ? "" : known.map((v) => v.toFixed(v < 10 ? 2 : 1)).join(" / ")));
    });
    const y = 34 + labels.length * line;
    for (const value of [0, most / 2, most]) figure.append(svg("text", { x: x(value), y, class: "quiet", "text-anchor": "middle" }, value.toFixed(1)));
    box.append(figure);
  }

  function panels() {
    const parts = groups(), box = el("panels");
    box.replaceChildren();
    data.labels.slice(0, 24).forEach((label, l) => {
      const width = 200, height = 120, bottom = height - 20, left = 28;
      const dots = parts.map(([, rows]) => rows.filter((i) => observable[i][l] > 0).map((i) => (data.counts[i][l] / observable[i][l]) * 60));
      const most = Math.max(...dots.flat(), 1e-9);
      const y = (value) => bottom - (value / most) * (bottom - 12);
      const figure = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${label.name}: events per minute of each clip` });
      figure.append(svg("line", { x1: left, x2: width, y1: bottom, y2: bottom, class: "axis" }));
      figure.append(svg("text", { x: left - 4, y: 15, class: "quiet", "text-anchor": "end" }, most.toFixed(1)));
      figure.append(svg("text", { x: left - 4, y: bottom + 3, class: "quiet", "text-anchor": "end" }, "0"));
      dots.forEach((values, p) => {
        const middle = left + ((p + 0.5) / parts.length) * (width - left);
        const room = Math.min(18, ((width - left) / parts.length) * 0.35);
        values.forEach((value, n) => figure.append(svg("circle", { cx: middle + room * (((n * 0.618) % 1) * 2 - 1), cy: y(value), r: 2.6, fill: SHADES[p % SHADES.length], "fill-opacity": 0.65 })));
        const sorted = [...values].sort((a, b) => a - b), n = sorted.length;
        if (n) {
          const median = (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2;
          figure.append(svg("line", { x1: middle - room - 3, x2: middle + room + 3, y1: y(median), y2: y(median), stroke: "currentColor", "stroke-width": 2 }));
        }
        const name = parts[p][0];
        figure.append(svg("text", { x: middle, y: height - 5, class: "quiet", "text-anchor": "middle" }, name.length > 12 ? `${name.slice(0, 11)}\u2026` : name));
      });
      box.append(make("figure", {}, make("figcaption", { text: label.name }), figure));
    });
  }

  const all = () => { draw(); rates(); panels(); };
  for (const id of ["order", "gesture", "stretch"]) el(id).addEventListener("change", draw);
  el("by").addEventListener("change", () => { rates(); panels(); });
  document.addEventListener("themed", all);
  let waiting = 0;
  window.addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(all, 80); });
})();
