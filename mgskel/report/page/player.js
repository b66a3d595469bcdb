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
    (document.getElementById("beside") || document.getElementById("stage")).prepend(video);
  }
  document.getElementById("own-video").addEventListener("change", (event) => {
    const file = event.target.files[0];
    if (!file) return;
    if (video) { URL.revokeObjectURL(video.src); video.remove(); }
    video = mgskel.make("video", { class: "own", src: URL.createObjectURL(file), playsinline: "", "aria-label": file.name });
    video.muted = true;
    document.getElementById("stage").after(video);
    clock.seek(clock.time);
  });

  const fit = () => {
    const width = canvas.clientWidth;
    const height = Math.min(width * scene.aspect, Math.max(320, window.innerHeight * 0.62));
    const ratio = window.devicePixelRatio || 1;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    draw();
  };

  const place = (person, frame, joint) => {
    const base = ((person * joints + joint) * 2) * frames + frame;
    return points[base] === MISSING ? null : [points[base] / scene.steps, points[base + frames] / scene.steps];
  };
  const weightAt = (person, joint, time) => {
    const column = Math.min(scene.attention_steps - 1, Math.floor((time - scene.start_s) / scene.attention_step_s));
    return glow[(person * joints + joint) * scene.attention_steps + column] / 255;
  };

  // Lines are as thick as the person is large in the picture.
  const shoulders = ["left_shoulder", "right_shoulder"].map((name) => scene.joints.indexOf(name));
  const breadths = shoulders.includes(-1) ? [] : Array.from({ length: Math.min(frames, 60) }, (_, i) => {
    const [left, right] = shoulders.map((joint) => place(0, Math.floor((i * frames) / Math.min(frames, 60)), joint));
    return left && right ? Math.hypot(left[0] - right[0], left[1] - right[1]) : null;
  }).filter((breadth) => breadth !== null).sort((a, b) => a - b);
  const thickness = (width, height) => {
    if (!breadths.length) return 1;
    const shown = breadths[breadths.length >> 1] * Math.min(width / scene.extent[0], height / scene.extent[1]);
    return Math.min(2, Math.max(0.7, shown / 110));
  };

  const middle = (at, some) => [0, 1].map((axis) => some.reduce((sum, joint) => sum + at[joint][axis], 0) / some.length);

  // One person: `at` and `level` per joint, and `weight` where joints shall glow.
  function skeleton(pen, unit, at, level, weight) {
    pen.lineCap = "round";
    for (const [start, end, part] of scene.strokes) {
      if (![...start, ...end].every((joint) => at[joint])) continue;
      pen.strokeStyle = scene.colours[part];
      pen.lineWidth = (scene.fine.includes(part) ? 1.4 : 3.5) * unit;
      pen.globalAlpha = 0.25 + 0.75 * Math.min(...start.map(level), ...end.map(level));
      pen.beginPath(); pen.moveTo(...middle(at, start)); pen.lineTo(...middle(at, end)); pen.stroke();
    }
    for (let joint = 0; joint < joints; joint++) {
      if (!at[joint]) continue;
      const part = scene.parts[joint];
      const radius = (scene.fine.includes(part) ? 1.6 : 3.4) * unit;
      const warmth = weight ? weight(joint) : 0;
      if (warmth > 0.08) {
        pen.globalAlpha = 0.65 * warmth;
        pen.fillStyle = mgskel.colour("--glow");
        pen.beginPath(); pen.arc(...at[joint], radius + 12 * warmth * unit, 0, 7); pen.fill();
      }
      pen.globalAlpha = 0.3 + 0.7 * level(joint);
      pen.fillStyle = scene.colours[part];
      pen.beginPath(); pen.arc(...at[joint], radius, 0, 7); pen.fill();
    }
    pen.globalAlpha = 1;
  }

  // From shares of the scene to places on a sheet of this size.
  function onto(width, height) {
    const scale = Math.min(width / scene.extent[0], height / scene.extent[1]);
    const left = (width - scale * scene.extent[0]) / 2, top = (height - scale * scene.extent[1]) / 2;
    return (point) => point && [left + point[0] * scale, top + point[1] * scale];
  }

  function moment(pen, width, height, sharpness) {
    const unit = sharpness * thickness(width / sharpness, height / sharpness);
    const frame = frameAt(clock.time), fitted = onto(width, height);
    const glowing = glow && document.getElementById("glow").checked;
    for (let person = 0; person < scene.people.length; person++) {
      const at = scene.joints.map((_, joint) => fitted(place(person, frame, joint)));
      skeleton(pen, unit, at, (joint) => level8(person, joint, frame), glowing && ((joint) => weightAt(person, joint, clock.time)));
      const first = at.find((point) => point);
      if (scene.people.length > 1 && first) {
        pen.fillStyle = mgskel.colour("--ink");
        pen.font = `${13 * sharpness}px system-ui, sans-serif`;
        pen.fillText(scene.people[person], first[0] + 8 * sharpness, first[1] - 8 * sharpness);
      }
    }
  }

  // Where people were on average, glowing by what counted on average while something was recognised.
  function bodyMap(pen, width, height) {
    const fitted = onto(width, height);
    const some = Array.from({ length: Math.min(frames, 300) }, (_, i) => Math.floor((i * frames) / Math.min(frames, 300)));
    for (let person = 0; person < scene.people.length; person++) {
      const at = scene.joints.map((_, joint) => {
        const seen = some.map((frame) => place(person, frame, joint)).filter((point) => point);
        return seen.length ? fitted([0, 1].map((axis) => seen.reduce((sum, point) => sum + point[axis], 0) / seen.length)) : null;
      });
      const sums = scene.joints.map((_, joint) => {
        const start = (person * joints + joint) * scene.attention_steps;
        return glow.subarray(start, start + scene.attention_steps).reduce((sum, value) => sum + value, 0);
      });
      const most = Math.max(...sums, 1);
      skeleton(pen, thickness(width, height), at, () => 1, (joint) => sums[joint] / most);
    }
  }

  function draw() {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    moment(pen, canvas.width, canvas.height, window.devicePixelRatio || 1);
    const now = mgskel.eventsAt(clock.time);
    document.getElementById("caption").textContent = now.map((e) => e.label).join(" + ");
    document.getElementById("clock").textContent =
      `${mgskel.clockText(clock.time, 2)} / ${mgskel.clockText(clock.duration, 1)}`;
  }

  function level8(person, joint, frame) {
    return scores ? scores[(person * joints + joint) * frames + frame] / 3 : 1;
  }

  const MOMENT = 0.001; // into the frame, so that rounding never shows the one before
  clock.follow((time, playing) => {
    // What is heard and seen leads; the skeleton keeps to it.
    const leads = video && playing && !video.paused && !video.seeking && video.readyState > 2;
    if (leads && Math.abs(video.currentTime - time) < 0.25) { time = video.currentTime; clock.time = time; }
    draw();
    const button = document.getElementById("play");
    button.textContent = playing ? "Pause" : "Play";
    button.setAttribute("aria-pressed", String(playing));
    if (video) {
      video.playbackRate = clock.speed;
      if (playing && video.paused) video.play().catch(() => {});
      if (!playing && !video.paused) video.pause();
      if (Math.abs(video.currentTime - time - MOMENT) > (playing ? 0.25 : 0.002)) video.currentTime = time + MOMENT;
    }
  });
  mgskel.step = (by) => { clock.pause(); clock.seek(timeOf(Math.min(frames - 1, Math.max(0, frameAt(clock.time) + by)))); };
  document.getElementById("play").addEventListener("click", () => (clock.playing ? clock.pause() : clock.play()));
  document.getElementById("back").addEventListener("click", () => mgskel.step(-1));
  document.getElementById("forward").addEventListener("click", () => mgskel.step(1));
  document.getElementById("speed").addEventListener("change", (e) => { clock.speed = Number(e.target.value); });
  document.getElementById("glow").addEventListener("change", draw);
  if (!glow) for (const part of ["#glow-choice", "#glow-hint"]) document.querySelector(part).hidden = true;
  document.getElementById("colours").append(...Object.entries(scene.colours).filter(([part]) => scene.parts.includes(part))
    .map(([part, colour]) => mgskel.make("span", {}, mgskel.make("i", { style: { background: colour }, "aria-hidden": "true" }), part.replace("_", " "))));
  window.addEventListener("resize", fit);
  mgskel.redrawPlayer = fit;
  const sheet = () => ({ width: 800, height: Math.max(300, Math.min(1000, Math.round(800 * scene.aspect))) });
  mgskel.pictures.pose = { title: "This moment", size: sheet, paint: (pen, { width, height }) => moment(pen, width, height, 1) };
  if (glow) mgskel.pictures["body-map"] = { title: "Attention on the body", size: sheet, paint: (pen, { width, height }) => bodyMap(pen, width, height) };
  fit();
};
