// Figures to take away, as PNG and SVG: each is painted once by one function that takes any pen.

// A pen with the part of a canvas's own that the page uses, which writes SVG.
mgskel.svgPen = function svgPen(width, height) {
  const ruler = document.createElement("canvas").getContext("2d");
  const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const n = (value) => String(Math.round(value * 100) / 100);
  const parts = [];
  let path = "", clips = 0, saved = [], groups = 0;
  const look = (paint, kind) => `${kind}="${escape(paint)}"${pen.globalAlpha < 1 ? ` ${kind}-opacity="${n(pen.globalAlpha)}"` : ""}`;
  const pen = {
    fillStyle: "#000", strokeStyle: "#000", globalAlpha: 1, lineWidth: 1, lineCap: "butt", font: "12px sans-serif", textBaseline: "alphabetic",
    clearRect() {},
    fillRect(x, y, w, h) { parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" ${look(pen.fillStyle, "fill")}/>`); },
    fillText(text, x, y) {
      const size = parseFloat(pen.font);
      const drop = pen.textBaseline === "middle" ? size * 0.35 : 0;
      parts.push(`<text x="${n(x)}" y="${n(y + drop)}" font-size="${n(size)}" ${look(pen.fillStyle, "fill")}>${escape(text)}</text>`);
    },
    measureText(text) { ruler.font = pen.font; return ruler.measureText(text); },
    beginPath() { path = ""; },
    moveTo(x, y) { path += `M${n(x)} ${n(y)}`; },
    lineTo(x, y) { path += `L${n(x)} ${n(y)}`; },
    rect(x, y, w, h) { path += `M${n(x)} ${n(y)}h${n(w)}v${n(h)}h${n(-w)}z`; },
    roundRect(x, y, w, h, r) {
      const c = Math.min(r, w / 2, h / 2), turn = (dx, dy) => `a${n(c)} ${n(c)} 0 0 1 ${n(dx)} ${n(dy)}`;
      path += `M${n(x + c)} ${n(y)}h${n(w - 2 * c)}${turn(c, c)}v${n(h - 2 * c)}${turn(-c, c)}h${n(2 * c - w)}${turn(-c, -c)}v${n(2 * c - h)}${turn(c, -c)}z`;
    },
    arc(x, y, r) { path += `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 0 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 0 ${n(-2 * r)} 0z`; }, // whole circles alone
    fill() { parts.push(`<path d="${path}" ${look(pen.fillStyle, "fill")}/>`); },
    stroke() { parts.push(`<path d="${path}" fill="none" stroke-width="${n(pen.lineWidth)}" stroke-linecap="${pen.lineCap}" ${look(pen.strokeStyle, "stroke")}/>`); },
    save() { saved.push(groups); },
    clip() { clips++; groups++; parts.push(`<clipPath id="c${clips}"><path d="${path}"/></clipPath><g clip-path="url(#c${clips})">`); },
    restore() { for (const before = saved.pop() || 0; groups > before; groups--) parts.push("</g>"); },
    text(title) {
      return `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}" ` +
        `font-family="system-ui, sans-serif"><title>${escape(title)}</title>${parts.join("")}</svg>\n`;
    },
  };
  return pen;
};

// Offers every figure of mgskel.pictures: name to { title, width, height, paint }.
mgskel.figures = function figures() {
  const { make } = mgskel;
  const SHARP = 2;
  const box = document.getElementById("figures");
  const hand = (blob, name) => {
    const link = make("a", { download: name, href: URL.createObjectURL(blob) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const ground = (pen, size) => { pen.globalAlpha = 1; pen.fillStyle = mgskel.colour("--card"); pen.fillRect(0, 0, size.width, size.height); };
  const png = (picture, name) => {
    const size = picture.size();
    const canvas = make("canvas", { width: Math.round(size.width * SHARP), height: Math.round(size.height * SHARP) });
    const pen = canvas.getContext("2d");
    pen.scale(SHARP, SHARP);
    ground(pen, size);
    picture.paint(pen, size);
    canvas.toBlob((blob) => hand(blob, name));
  };
  const svg = (picture, name) => {
    const size = picture.size();
    const pen = mgskel.svgPen(size.width, size.height);
    ground(pen, size);
    picture.paint(pen, size);
    hand(new Blob([pen.text(`${mgskel.report.title}: ${picture.title}`)], { type: "image/svg+xml" }), name);
  };
  for (const [name, picture] of Object.entries(mgskel.pictures)) {
    box.append(make("span", { class: "figure" }, `${picture.title} `,
      ...[["png", png], ["svg", svg]].map(([ending, save]) => make("button", { type: "button", text: ending.toUpperCase(),
        "aria-label": `${picture.title} as ${ending.toUpperCase()}`, "data-figure": `${name}.${ending}`, on: { click: () => save(picture, `${name}.${ending}`) } }))));
  }
};
