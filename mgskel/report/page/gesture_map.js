// The map of similar movements: dots to choose, and the chosen one's skeleton playing.
(function gestureMap() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const map = data.map, canvas = document.getElementById("map"), stage = document.getElementById("map-player");
  const caption = document.getElementById("map-caption");
  const bytes = Uint8Array.from(atob(map.paths), (c) => c.charCodeAt(0));
  const joints = map.joints.length, frame = joints * 2, event = frame * map.steps;
  const labels = [...new Set(map.label)];
  const groupOf = new Map(data.labels.map((label) => [label.name, label.group]));
  const shade = (n) => data.groups[groupOf.get(map.label[n])] || "#7a828a";
  const links = new Map(data.rows.map((row) => [row.name, row.link]));
  const { make, colour } = mgskel;
  let chosen = null, hovered = null, began = 0, only = "";

  const pick = make("select", { "aria-label": "Gesture on the map", on: { change: () => { only = pick.value; draw(); } } },
    make("option", { value: "", text: "all gestures" }), ...labels.map((label) => make("option", { value: label, text: label })));
  canvas.parentElement.before(make("div", { class: "controls map-controls" }, pick));

  const size = () => ({ width: canvas.clientWidth, height: Math.round(canvas.clientWidth * 0.72) });
  const place = (n) => {
    const { width, height } = size();
    return [width / 2 + map.x[n] * width * 0.46, height / 2 - map.y[n] * height * 0.46];
  };
  function fit(target, height) {
    const ratio = window.devicePixelRatio || 1;
    target.style.height = `${height}px`;
    target.width = target.clientWidth * ratio; target.height = height * ratio;
    const pen = target.getContext("2d");
    pen.scale(ratio, ratio);
    return pen;
  }
  function draw() {
    const pen = fit(canvas, size().height);
    for (let n = 0; n < map.x.length; n += 1) {
      const [x, y] = place(n), faded = only !== "" && map.label[n] !== only;
      pen.globalAlpha = faded ? 0.12 : 0.8;
      pen.fillStyle = shade(n);
      pen.beginPath(); pen.arc(x, y, n === chosen ? 8 : 5, 0, 2 * Math.PI); pen.fill();
    }
    pen.globalAlpha = 1;
    if (chosen !== null) {
      const [x, y] = place(chosen);
      pen.strokeStyle = colour("--ink"); pen.lineWidth = 2;
      pen.beginPath(); pen.arc(x, y, 10, 0, 2 * Math.PI); pen.stroke();
    }
  }
  function skeleton(n, step) {
    const height = Math.round(stage.clientWidth * 0.9), pen = fit(stage, height);
    const scale = Math.min(stage.clientWidth, height) / 5.2;
    const at = (joint) => {
      const where = n * event + step * frame + joint * 2;
      if (bytes[where] === 255) return null;
      const value = (i) => (bytes[where + i] / 254) * 2 * map.reach - map.reach;
      return [stage.clientWidth / 2 + value(0) * scale, height * 0.34 + value(1) * scale];
    };
    pen.strokeStyle = colour("--quiet"); pen.lineWidth = 3; pen.lineCap = "round";
    for (const [a, b] of map.lines) {
      const from = at(a), to = at(b);
      if (!from || !to) continue;
      pen.beginPath(); pen.moveTo(...from); pen.lineTo(...to); pen.stroke();
    }
    pen.fillStyle = shade(n);
    for (let joint = 0; joint < joints; joint += 1) {
      const spot = at(joint);
      if (!spot) continue;
      pen.beginPath(); pen.arc(...spot, joint === 0 ? 9 : 4.5, 0, 2 * Math.PI); pen.fill();
    }
  }
  function play(now) {
    if (chosen === null) return;
    const length = Math.max(map.length[chosen], 0.4) * 1000, pause = 500;
    const time = (now - began) % (length + pause);
    skeleton(chosen, Math.min(map.steps - 1, Math.floor((time / length) * map.steps)));
    requestAnimationFrame(play);
  }
  function choose(n) {
    const idle = chosen === null;
    chosen = n; began = performance.now();
    const near = map.neighbour[n];
    caption.replaceChildren(`${map.label[n]}, ${map.start[n].toFixed(1)} s, ${map.length[n].toFixed(1)} s long, `,
      make("a", { text: map.clip[n], href: links.get(map.clip[n]) || null }),
      `. Most alike: ${map.label[near]} in ${map.clip[near]} at ${map.start[near].toFixed(1)} s.`);
    draw();
    if (idle) requestAnimationFrame(play);
  }
  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    let best = null, least = 18;
    for (let n = 0; n < map.x.length; n += 1) {
      if (only !== "" && map.label[n] !== only) continue;
      const [x, y] = place(n), apart = Math.hypot(event.clientX - box.left - x, event.clientY - box.top - y);
      if (apart < least) { least = apart; best = n; }
    }
    return best;
  }
  canvas.addEventListener("mousemove", (e) => {
    hovered = nearest(e);
    canvas.style.cursor = hovered === null ? "default" : "pointer";
    mgskel.tip(e, hovered === null ? "" : `${map.label[hovered]} \u2014 ${map.clip[hovered]}, ${map.start[hovered].toFixed(1)} s`);
  });
  canvas.addEventListener("mouseleave", (e) => mgskel.tip(e));
  canvas.addEventListener("click", (e) => { const n = nearest(e); if (n !== null) choose(n); });
  canvas.tabIndex = 0;
  canvas.addEventListener("keydown", (e) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    const shown = map.x.map((_, n) => n).filter((n) => only === "" || map.label[n] === only);
    const at = shown.indexOf(chosen);
    choose(shown[(at + step + shown.length) % shown.length]);
  });
  document.addEventListener("themed", draw);
  window.addEventListener("resize", draw);
})();
