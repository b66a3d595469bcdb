// What scripts of several pages use: elements, times and other words.
const mgskel = { pictures: {} };

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

// The note beside the pointer; without text it goes.
mgskel.tip = function tip(event, text) {
  const note = document.getElementById("tooltip");
  note.hidden = !text;
  if (!text) return;
  note.textContent = text;
  note.style.left = `${Math.min(event.clientX + 12, window.innerWidth - 330)}px`;
  note.style.top = `${event.clientY + 14}px`;
};

mgskel.colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
