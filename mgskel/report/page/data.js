// Unpacks what pack.py packed: gzip of byte planes of time differences.
mgskel.report = JSON.parse(document.getElementById("data").textContent);

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
