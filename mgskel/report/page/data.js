// Unpacks what pack.py packed: gzip of byte planes of time differences.
const mgskel = { report: JSON.parse(document.getElementById("report").textContent), pictures: {} };

mgskel.unpack = async function unpack(packed) {
  if (!packed) return null;
  const raw = Uint8Array.from(atob(packed.data), (c) => c.charCodeAt(0));
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const [series, steps] = packed.shape;
  const wide = packed.type === "uint16";
  const values = wide ? new Uint16Array(series * steps) : new Uint8Array(series * steps);
  const half = series * steps;
  for (let s = 0, i = 0; s < series; s++) {
    let total = 0;
    for (let t = 0; t < steps; t++, i++) {
      total += wide ? (bytes[i] << 8) | bytes[half + i] : bytes[i];
      values[i] = total;
      total = values[i];
    }
  }
  return values;
};

// The one clock that everything follows.
mgskel.clock = {
  time: mgskel.report.player.start_s, start: mgskel.report.player.start_s, duration: mgskel.report.duration_s, speed: 1, playing: false, listeners: [],
  follow(listener) { this.listeners.push(listener); },
  tell() { for (const listener of this.listeners) listener(this.time, this.playing); },
  seek(time) { this.time = Math.min(Math.max(time, this.start), this.duration); this.tell(); },
  play() {
    if (this.playing) return;
    if (this.time >= this.duration - 0.02) this.time = this.start;
    this.playing = true;
    let last = performance.now();
    const step = (now) => {
      if (!this.playing) return;
      this.time += ((now - last) / 1000) * this.speed;
      last = now;
      if (this.time >= this.duration) { this.time = this.duration; this.playing = false; }
      this.tell();
      if (this.playing) requestAnimationFrame(step);
    };
    this.tell();
    requestAnimationFrame(step);
  },
  pause() { this.playing = false; this.tell(); },
};

mgskel.clockText = function clockText(seconds, digits = 1) {
  const whole = Math.floor(seconds / 60);
  const hours = Math.floor(whole / 60);
  const rest = (seconds - whole * 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return hours ? `${hours}:${String(whole % 60).padStart(2, "0")}:${rest}` : `${whole}:${rest}`;
};

// Text is always set as text, so that no label, name or transcript can become markup.
mgskel.make = function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (key === "text") element.textContent = value;
    else if (key === "on") for (const [name, call] of Object.entries(value)) element.addEventListener(name, call);
    else if (key === "style") Object.assign(element.style, value);
    else if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

// How sure an event is and what else it may be; a person's annotation has no score.
mgskel.certainty = function certainty(event) {
  if (event.annotated) return event.annotated;
  const others = event.alternatives.map(([label, chance]) => `${label} ${chance.toFixed(2)}`);
  return `score ${event.score.toFixed(2)}${others.length ? `; or ${others.join(", ")}` : ""}`;
};

mgskel.colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
