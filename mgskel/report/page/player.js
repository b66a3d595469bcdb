// The skeleton player: bones and joints on a canvas, glowing by attention.
mgskel.player = async function player() {
  const { report, clock } = mgskel;
  const scene = report.player;
  const canvas = document.getElementById("player");
  const pen = canvas.getContext("2d");
  const [points, scores, glow, times] = await Promise.all(
    [scene.points, scene.scores, scene.attention, scene.times].map(mgskel.unpack));
  const MISSING = 65535;
  const joints = scene.joints.length;
  const frames = scene.frames;
  let accumulated = null;
  if (times) { // milliseconds between frames, where they come unevenly
    accumulated = new Float64Array(frames);
    for (let t = 1; t < frames; t++) accumulated[t] = accumulated[t - 1] + times[t] / 1000;
  }

  const frameAt = (time) => {
    if (!accumulated) return Math.min(frames - 1, Math.max(0, Math.floor((time - scene.start_s) / scene.step_s + 1e-6)));
    let low = 0, high = frames - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (accumulated[middle] <= time - scene.start_s + 1e-6) low = middle; else high = middle - 1;
    }
    return low;
  };
  const timeOf = (frame) => scene.start_s + (accumulated ? accumulated[frame] : frame * scene.step_s);

  let video = null;
  if (report.video) {
    video = mgskel.make("video", { src: report.video, muted: "", playsinline: "", "aria-hidden": "true" });
    video.muted = true;
    document.getElementById("stage").prepend(video);
  }

  const fit = () => {
    const width = canvas.clientWidth;
    const height = Math.min(width * scene.aspect, Math.max(320, window.innerHeight * 0.62));
    const ratio = window.devicePixelRatio || 1;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    draw();
  };

  const place = (person, frame, joint, scale, left, top) => {
    const base = ((person * joints + joint) * 2) * frames + frame;
    const x = points[base];
    if (x === MISSING) return null;
    return [left + (x / scene.steps) * scale, top + (points[base + frames] / scene.steps) * scale];
  };

  function draw() {
    const frame = frameAt(clock.time);
    const ratio = window.devicePixelRatio || 1;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const scale = Math.min(canvas.width / scene.extent[0], canvas.height / scene.extent[1]);
    const left = (canvas.width - scale * scene.extent[0]) / 2;
    const top = (canvas.height - scale * scene.extent[1]) / 2;
    const showGlow = glow && document.getElementById("glow").checked;
    const hot = mgskel.colour("--glow");
    for (let person = 0; person < scene.people.length; person++) {
      const at = scene.joints.map((_, joint) => place(person, frame, joint, scale, left, top));
      pen.lineCap = "round";
      for (const [child, parent, part] of scene.bones) {
        if (!at[child] || !at[parent]) continue;
        pen.strokeStyle = scene.colours[part];
        pen.lineWidth = (scene.fine.includes(part) ? 1.4 : 3.5) * ratio;
        const level = Math.min(level8(person, child, frame), level8(person, parent, frame));
        pen.globalAlpha = 0.25 + 0.75 * level;
        pen.beginPath(); pen.moveTo(...at[child]); pen.lineTo(...at[parent]); pen.stroke();
      }
      for (let joint = 0; joint < joints; joint++) {
        if (!at[joint]) continue;
        const part = scene.parts[joint];
        const radius = (scene.fine.includes(part) ? 1.6 : 3.4) * ratio;
        if (showGlow) {
          const column = Math.min(scene.attention_steps - 1, Math.floor((clock.time - scene.start_s) / scene.attention_step_s));
          const weight = glow[(person * joints + joint) * scene.attention_steps + column] / 255;
          if (weight > 0.08) {
            pen.globalAlpha = 0.65 * weight;
            pen.fillStyle = hot;
            pen.beginPath(); pen.arc(...at[joint], radius + 12 * weight * ratio, 0, 7); pen.fill();
          }
        }
        pen.globalAlpha = 0.3 + 0.7 * level8(person, joint, frame);
        pen.fillStyle = scene.colours[part];
        pen.beginPath(); pen.arc(...at[joint], radius, 0, 7); pen.fill();
      }
      pen.globalAlpha = 1;
      if (scene.people.length > 1) {
        const first = at.find((point) => point);
        if (first) {
          pen.fillStyle = mgskel.colour("--ink");
          pen.font = `${13 * ratio}px system-ui, sans-serif`;
          pen.fillText(scene.people[person], first[0] + 8 * ratio, first[1] - 8 * ratio);
        }
      }
    }
    const now = mgskel.eventsAt(clock.time);
    document.getElementById("caption").textContent = now.map((e) => e.label).join(" + ");
    document.getElementById("clock").textContent =
      `${mgskel.clockText(clock.time, 2)} / ${mgskel.clockText(clock.duration, 1)}`;
  }

  function level8(person, joint, frame) {
    return scores ? scores[(person * joints + joint) * frames + frame] / 3 : 1;
  }

  clock.follow((time, playing) => {
    draw();
    const button = document.getElementById("play");
    button.textContent = playing ? "Pause" : "Play";
    button.setAttribute("aria-pressed", String(playing));
    if (video) {
      video.playbackRate = clock.speed;
      if (playing && video.paused) video.play().catch(() => {});
      if (!playing && !video.paused) video.pause();
      if (Math.abs(video.currentTime - time) > (playing ? 0.25 : 0.01)) video.currentTime = time;
    }
  });
  mgskel.step = (by) => { clock.pause(); clock.seek(timeOf(Math.min(frames - 1, Math.max(0, frameAt(clock.time) + by)))); };
  document.getElementById("play").addEventListener("click", () => (clock.playing ? clock.pause() : clock.play()));
  document.getElementById("back").addEventListener("click", () => mgskel.step(-1));
  document.getElementById("forward").addEventListener("click", () => mgskel.step(1));
  document.getElementById("speed").addEventListener("change", (e) => { clock.speed = Number(e.target.value); });
  document.getElementById("glow").addEventListener("change", draw);
  if (!glow) document.querySelector(".toggle").hidden = true;
  window.addEventListener("resize", fit);
  mgskel.redrawPlayer = fit;
  fit();
};
