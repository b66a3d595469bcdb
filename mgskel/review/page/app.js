// What both pages of the app share: asking the server, who reviews, how much is shown.
mgskel.at = (id) => document.getElementById(id);
mgskel.asked = new URLSearchParams(location.search);

mgskel.address = (path, params = {}) => {
  const known = Object.entries(params).filter(([, value]) => value !== null && value !== undefined);
  const query = new URLSearchParams(known).toString();
  return query ? `${path}?${query}` : path;
};

mgskel.ask = async (method, path, params, message) => {
  const answer = await fetch(mgskel.address(path, params), { method, body: message && JSON.stringify(message) });
  const told = await answer.json().catch(() => ({ error: `the app answered ${answer.status}` }));
  if (!answer.ok) throw Object.assign(new Error(told.error || `the app answered ${answer.status}`), { status: answer.status, told });
  return told;
};

// Who reviews, as the address says it; without a name there, the command line's choice.
mgskel.who = () => ({ coder: mgskel.asked.get("coder"), blind: mgskel.asked.get("blind") });
mgskel.clipAddress = (clip, event) => mgskel.address("clip", { ...mgskel.who(), clip, event });

mgskel.sensitivity = {
  value: Number(sessionStorage.getItem("sensitivity") ?? 1),
  // An event is shown from this score on; what a person said or added is always shown.
  get least() { return Math.round((1 - this.value) * 100) / 100; },
  shows(score, state) { return state !== "open" || score >= this.least; },
  // Binds a slider; `changed` is called at once and with each move.
  bind(slider, changed) {
    slider.value = this.value;
    slider.addEventListener("input", () => {
      this.value = Number(slider.value);
      sessionStorage.setItem("sensitivity", slider.value);
      changed();
    });
    changed();
  },
};

mgskel.counted = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

mgskel.fail = (error) => {
  console.error(error.stack);
  const notice = mgskel.at("notice");
  notice.textContent = error.message.replaceAll("\n", " ");
  notice.hidden = false;
};

// The choice of a coder: those who are there, and a new one.
mgskel.chooseCoder = (study) => {
  const { make, at } = mgskel;
  const choice = at("coder"), dialog = at("new-coder");
  const names = study.coders.some((known) => known.name === study.coder) ? study.coders : [...study.coders, { name: study.coder, blind: study.blind }];
  choice.replaceChildren(...names.map((known) => make("option", { value: known.name, text: known.name + (known.blind ? " (blind)" : "") })),
    make("option", { value: "", text: "Somebody else\u2026" }));
  choice.value = study.coder;
  const go = (coder, blind) => {
    const params = Object.fromEntries(mgskel.asked);
    location.assign(mgskel.address(location.pathname, { ...params, coder, blind: blind ? "1" : undefined, event: undefined }));
  };
  choice.addEventListener("change", () => {
    if (choice.value) { go(choice.value, names.find((known) => known.name === choice.value).blind); return; }
    choice.value = study.coder;
    dialog.showModal();
  });
  at("new-coder-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = at("new-coder-name").value.trim();
    if (name) go(name, at("new-coder-blind").checked);
  });
};

for (const button of document.querySelectorAll("dialog [data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
