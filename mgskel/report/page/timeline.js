// The timeline: gestures per body group, movement per body part, what could be seen.
mgskel.timeline = async function timeline() {
  const { report, clock, make } = mgskel;
  const canvas = document.getElementById("timeline");
  const pen = canvas.getContext("2d");
  const energy = await mgskel.unpack(report.energy && report.energy.values);
  const seen = await mgskel.unpack(report.seen && report.seen.values);
  const ROW = 22, STRIP = 15, HEAD = 24, GAP = 8;
  const start = clock.start, end = Math.max(clock.duration, clock.start + 0.1);
  let from = start, to = end;
  let selected = null;

  let rows, height; // {kind, label, y, height, ...}
  const several = report.player.people.length > 1;
  const add = (row, size) => { rows.push({ ...row, y: height, height: size }); height += size + 3; };
  function arrange() {
    rows = [];
    height = HEAD;
    const groups = [...new Set([...report.events, ...report.truth].map((e) => e.row))];
    for (const group of groups) {
      const lanes = [[]]; // what overlaps stands below one another
      for (const event of report.events.filter((e) => e.row === group)) {
        const free = lanes.find((lane) => !lane.length || lane.at(-1).end_s <= event.start_s);
        if (free) free.push(event); else lanes.push([event]);
      }
      lanes.forEach((events, below) => add({ kind: "events", label: below ? "" : group, told: group, events,
        truth: below ? [] : report.truth.filter((e) => e.row === group) }, report.truth.length ? ROW + 8 : ROW));
    }
    if (!groups.length) add({ kind: "events", label: "no gestures", events: [], truth: [] }, ROW);
    for (const [source, values, title] of [[report.energy, energy, "Movement"], [report.seen, seen, "Visible"]]) {
      if (!source) continue;
      height += GAP;
      add({ kind: "title", label: title }, STRIP);
      source.rows.forEach((row, index) => {
        const name = several ? `${row.part} (${row.person})` : row.part;
        add({ kind: "strip", label: name, told: `${name}, ${title.toLowerCase()}`, values, index, steps: source.values.shape[1], step: source.step_s, colour: row.colour }, STRIP);
      });
    }
    height += 6;
  }
  arrange();

  const labelWidth = () => (canvas.clientWidth < 560 ? 92 : 172);
  const x = (time) => labelWidth() + ((time - from) / (to - from)) * (canvas.clientWidth - labelWidth());
  const timeAt = (px) => from + ((px - labelWidth()) / (canvas.clientWidth - labelWidth())) * (to - from);

  function fit() {
    const ratio = window.devicePixelRatio || 1;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(height * ratio);
    draw();
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, canvas.clientWidth, height);
    paint(pen, canvas.clientWidth, true);
    canvas.setAttribute("aria-valuemax", clock.duration.toFixed(2));
    canvas.setAttribute("aria-valuenow", clock.time.toFixed(2));
    const now = mgskel.eventsAt(clock.time).map((e) => e.label).join(", ");
    canvas.setAttribute("aria-valuetext", `${mgskel.clockText(clock.time, 1)}${now ? `: ${now}` : ""}`);
  }

  function paint(pen, width, cursor) {
    const ink = mgskel.colour("--ink"), quiet = mgskel.colour("--quiet"), line = mgskel.colour("--line");
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.fillStyle = quiet;
    for (const tick of ticks(from, to, (width - labelWidth()) / 90)) {
      const told = mgskel.clockText(tick, tick % 1 ? 1 : 0);
      if (x(tick) + 4 + pen.measureText(told).width <= width) pen.fillText(told, x(tick) + 4, 10);
      pen.fillStyle = line; pen.fillRect(x(tick), 0, 1, height); pen.fillStyle = quiet;
    }
    for (const row of rows) {
      pen.fillStyle = row.kind === "strip" ? quiet : ink;
      pen.fillText(fitting(pen, row.label, labelWidth() - 8), 0, row.y + row.height / 2);
      pen.save();
      pen.beginPath(); pen.rect(labelWidth(), row.y, width - labelWidth(), row.height); pen.clip();
      if (row.kind === "events") events(pen, row, ink); else if (row.kind === "strip") strip(pen, row, width, line);
      pen.restore();
    }
    if (cursor) {
      pen.fillStyle = mgskel.colour("--mark");
      const at = x(clock.time);
      if (at >= labelWidth()) pen.fillRect(at - 1, 0, 2, height);
    }
  }

  function events(pen, row, ink) {
    const lift = report.truth.length ? 8 : 0;
    for (const event of row.truth) {
      if (event.end_s < from || event.start_s > to) continue;
      pen.fillStyle = ink; pen.globalAlpha = 0.55;
      pen.fillRect(x(event.start_s), row.y, Math.max(2, x(event.end_s) - x(event.start_s)), 5);
      pen.globalAlpha = 1;
    }
    for (const [number, event] of row.events.entries()) {
      if (event.end_s < from || event.start_s > to) continue;
      const left = x(event.start_s), size = Math.max(3, x(event.end_s) - left);
      const rejected = event.state === "rejected", hollow = rejected || event.level === "group";
      pen.globalAlpha = rejected ? 0.08 : hollow ? 0.25 : 0.35 + 0.65 * event.score;
      pen.fillStyle = event.colour;
      pen.beginPath(); pen.roundRect(left, row.y + lift, size, ROW - 2, 4); pen.fill();
      pen.globalAlpha = 1;
      if (rejected) pen.setLineDash([3, 3]);
      if (hollow) { pen.strokeStyle = event.colour; pen.lineWidth = 1.5; pen.stroke(); }
      if (rejected) pen.setLineDash([]);
      if (event.state === "accepted") { pen.fillStyle = mgskel.colour("--good"); pen.fillRect(left + 3, row.y + lift + ROW - 5, Math.max(1, size - 6), 2.5); }
      if (same(event, selected)) { pen.strokeStyle = ink; pen.lineWidth = 2; pen.stroke(); }
      // Beside a bar that is too narrow for its name, where nothing else follows soon.
      const next = number + 1 < row.events.length ? x(row.events[number + 1].start_s) : x(to);
      const wide = pen.measureText(event.label).width;
      const beside = wide > size - 9 && left + size + 5 + wide < next - 5;
      pen.fillStyle = beside || hollow ? ink : event.ink;
      pen.fillText(beside ? event.label : fitting(pen, event.label, size - 9), left + (beside ? size : 0) + 5, row.y + lift + ROW / 2 - 1);
    }
  }

  // The text, or as much of it as there is room for; nothing rather than two letters.
  function fitting(pen, text, room) {
    if (pen.measureText(text).width <= room) return text;
    let length = room > 0 ? text.length : 0;
    while (length && pen.measureText(`${text.slice(0, length)}\u2026`).width > room) length -= 1;
    return length > 2 ? `${text.slice(0, length).trimEnd()}\u2026` : "";
  }

  function strip(pen, row, width, line) {
    pen.fillStyle = line; pen.fillRect(labelWidth(), row.y + row.height - 1, width, 1);
    pen.fillStyle = row.colour;
    const base = row.index * row.steps;
    pen.beginPath();
    for (let px = Math.floor(labelWidth()); px < width; px++) {
      const first = Math.max(0, Math.floor((timeAt(px) - start) / row.step));
      const last = Math.min(row.steps - 1, Math.max(first, Math.ceil((timeAt(px + 1) - start) / row.step) - 1));
      let most = 0;
      for (let i = first; i <= last; i++) most = Math.max(most, row.values[base + i]);
      const tall = (most / 255) * (row.height - 2);
      if (tall > 0.2) pen.rect(px, row.y + row.height - 1 - tall, 1.2, tall);
    }
    pen.fill();
  }

  function ticks(a, b, wanted) {
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800].find((s) => (b - a) / s <= Math.max(wanted, 2)) || 3600;
    const all = [];
    for (let i = Math.ceil(a / step); i * step <= b; i++) all.push(Number((i * step).toFixed(3)));
    return all;
  }

  function zoom(factor, centre) {
    const span = Math.min(end - start, Math.max(0.5, (to - from) * factor));
    const share = (centre - from) / (to - from);
    from = Math.max(start, Math.min(end - span, centre - share * span));
    to = from + span;
    draw();
  }

  function reveal(time) {
    if (time >= from && time <= to) return;
    const span = to - from;
    from = Math.max(start, Math.min(end - span, time - span * 0.2));
    to = from + span;
  }

  const hit = (event) => {
    const box = canvas.getBoundingClientRect();
    const px = event.clientX - box.left, py = event.clientY - box.top;
    const row = rows.find((r) => py >= r.y && py <= r.y + r.height);
    const time = timeAt(px);
    const slack = ((to - from) / canvas.clientWidth) * 3;
    const found = row && row.kind === "events" ? [...row.events, ...row.truth].find((e) => time >= e.start_s - slack && time <= e.end_s + slack) : null;
    return { px, time, row, found };
  };

  const same = (event, other) => event === other || (other && event.id !== undefined && event.id === other.id);

  // Where events can be edited: the edge of the chosen one that is under the pointer.
  const edgeAt = (event) => {
    const { px, row } = hit(event);
    const chosen = mgskel.editing && row && row.kind === "events" && row.events.find((e) => same(e, selected));
    if (!chosen) return null;
    const [near] = ["start_s", "end_s"].map((edge) => [Math.abs(x(chosen[edge]) - px), edge]).sort((a, b) => a[0] - b[0]);
    return near[0] < 8 ? near[1] : null;
  };

  let dragging = false, edge = null;
  canvas.addEventListener("pointerdown", (event) => {
    const { px, time, found } = hit(event);
    if (px < labelWidth()) return;
    edge = edgeAt(event);
    if (edge) { canvas.setPointerCapture(event.pointerId); return; }
    if (found) { mgskel.select(found); return; }
    dragging = true; canvas.setPointerCapture(event.pointerId); clock.seek(time);
  });
  canvas.addEventListener("pointerup", () => {
    if (edge) mgskel.editing.drop();
    dragging = false; edge = null;
  });
  canvas.addEventListener("pointermove", (event) => {
    const { px, time, found, row } = hit(event);
    if (edge) { mgskel.editing.drag(edge, time); return; }
    if (dragging) clock.seek(time);
    canvas.style.cursor = edgeAt(event) ? "ew-resize" : "";
    if (!row || row.kind === "title" || px <= labelWidth()) { mgskel.tip(event); return; }
    mgskel.tip(event, found
      ? `${found.label}, ${mgskel.clockText(found.start_s)} to ${mgskel.clockText(found.end_s)}${found.truth ? " (true)" : `, ${mgskel.certainty(found)}`}`
      : `${row.told || row.label} at ${mgskel.clockText(Math.max(0, time))}`);
  });
  canvas.addEventListener("pointerleave", (event) => mgskel.tip(event));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(event.deltaY * 0.002), hit(event).time);
  }, { passive: false });
  document.getElementById("zoom-in").addEventListener("click", () => zoom(0.5, clock.time));
  document.getElementById("zoom-out").addEventListener("click", () => zoom(2, clock.time));
  document.getElementById("zoom-all").addEventListener("click", () => { from = start; to = end; draw(); });

  mgskel.zoomBy = (factor) => zoom(factor, clock.time);
  mgskel.selectOnTimeline = (event) => { selected = event; if (event) reveal(event.start_s); draw(); };
  mgskel.pictures.timeline = { title: "Timeline", size: () => ({ width: canvas.clientWidth, height }),
    paint: (pen, { width }) => paint(pen, width, false) };
  clock.follow((time, playing) => { if (playing && time > to) reveal(time); draw(); });
  window.addEventListener("resize", fit);
  mgskel.redrawTimeline = fit;
  mgskel.arrangeTimeline = () => { arrange(); fit(); };
  const legend = document.getElementById("legend");
  for (const [name, colour] of Object.entries(report.groups)) {
    legend.append(make("span", {}, make("i", { style: { background: colour }, "aria-hidden": "true" }), name));
  }
  if (report.events.some((e) => e.level === "group")) legend.append(make("span", { text: "Outlined: sure of the body part, not of the gesture" }));
  if (report.truth.length) legend.append(make("span", { text: "Thin bars above: the true gestures" }));
  fit();
};
