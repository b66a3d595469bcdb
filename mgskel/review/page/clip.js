// The page of one clip: video, skeleton and timeline of the report, and one event at a time to decide on.
mgskel.begun = (async function clip() {
  const { make, at, ask, asked, sensitivity, counted, clockText, fail } = mgskel;
  const name = asked.get("clip"), params = { ...mgskel.who(), clip: name };
  const LEAST_S = 0.04;
  let study, labels, record, chosen = null, visible = [], unsure = [];

  const script = (source) => new Promise((resolve, reject) => document.body.append(Object.assign(document.createElement("script"), { src: source, onload: resolve, onerror: reject })));

  // How an event is drawn: its body group's colour, and as sure as it is.
  const drawn = (event) => {
    const known = labels.byGroup.get(event.group) || labels.byGroup.get("gesture");
    return { ...event, row: persons().length > 1 ? `${event.group} (${event.person})` : event.group, colour: known.colour, ink: known.ink, score: event.state === "open" ? event.score : 1, from_s: event.start_s, to_s: event.end_s,
      annotated: event.state === "accepted" ? `accepted by ${record.coder}` : event.state === "rejected" ? `rejected by ${record.coder}` : "" };
  };
  const machineScore = (event) => (event.machine || event).score;
  const current = () => (chosen === null ? null : record.find(chosen) || null);
  const span = (event) => `${clockText(event.start_s, 2)} \u2013 ${clockText(event.end_s, 2)}`;
  const words = { open: "open", accepted: "accepted", rejected: "rejected" };

  function show() {
    const gesture = at("gesture").value, state = at("state").value, whose = at("whose").value;
    const above = record.events.filter((event) => sensitivity.shows(machineScore(event), event.state));
    const wanted = above.filter((event) => (!gesture || event.label === gesture) && (!whose || event.person === whose));
    visible = above.filter((event) => (wanted.includes(event) && (!state || event.state === state)) || event.id === chosen);
    unsure = wanted.filter((event) => event.state === "open").sort((a, b) => machineScore(a) - machineScore(b) || a.start_s - b.start_s);
    mgskel.report.events = visible.map(drawn);
    mgskel.arrangeTimeline();
    mgskel.selectOnTimeline(mgskel.report.events.find((event) => event.id === chosen) || null);
    mgskel.redrawPlayer();
    const open = record.events.filter((event) => event.state === "open");
    const below = open.filter((event) => !sensitivity.shows(machineScore(event), event.state)).length;
    at("shown").textContent = `${above.length} of ${counted(record.events.length, "event")}${sensitivity.least > 0 ? `, score ${sensitivity.least.toFixed(2)} or more` : ""}`;
    at("lead").textContent = record.finished ? `Finished: ${counted(record.events.filter((event) => event.state === "accepted").length, "event")} stand.`
      : record.blind ? `${counted(record.events.length, "event")} marked; you code blind.` : `${record.events.length - open.length} of ${counted(record.events.length, "event")} decided.`;
    const doing = [open.length - below && `accept ${open.length - below}`, below && `reject ${below}`].filter(Boolean).join(", ");
    at("finish").textContent = record.finished ? "Not finished after all" : `Finish clip${doing ? `: ${doing}` : ""}`;
    at("finish").className = record.finished ? "" : "primary";
    at("undo").disabled = !record.canUndo;
    at("redo").disabled = !record.canRedo;
    at("unsure").hidden = record.blind;
    at("unsure").disabled = !unsure.length && !elsewhere();
    list();
    card();
  }

  function card() {
    const event = current();
    at("editor").hidden = !event;
    at("event-state").hidden = !event;
    at("which").textContent = event ? `Event ${visible.indexOf(event) + 1} of ${visible.length}` : "No event chosen";
    at("label").textContent = event ? event.label : record.events.length ? "Choose an event" : "Nothing marked yet";
    if (!event) {
      at("about").textContent = record.blind || !record.events.length ? "Play the clip; C marks an event at the moment shown." : unsure.length ? "U goes to the one that the machine is least sure of." : "All of them are decided. C marks an event that was missed.";
      return;
    }
    const { machine } = event;
    const said = machine ? `The machine said ${machine.label === event.label && machine.start_s === event.start_s && machine.end_s === event.end_s ? "so" : `\u201c${machine.label}\u201d, ${span(machine)}`}, score ${machine.score.toFixed(2)}${machine.level === "group" ? ", sure of the body part only" : ""}.` : `Added by ${record.coder}.`;
    at("about").textContent = [said, machine && machine.evidence ? `Measured: ${machine.evidence}.`.replace("..", ".") : ""].filter(Boolean).join(" ");
    at("event-state").textContent = event.state === "accepted" && machine && (machine.label !== event.label || machine.start_s !== event.start_s || machine.end_s !== event.end_s) ? "corrected" : event.state === "accepted" && !machine ? "added" : words[event.state];
    at("event-state").className = `state ${event.state}`;
    at("accept").setAttribute("aria-pressed", String(event.state === "accepted"));
    at("reject").setAttribute("aria-pressed", String(event.state === "rejected"));
    const others = alternatives(event);
    at("rather-heading").hidden = at("rather").hidden = !others.length;
    at("rather").replaceChildren(...others.map(([label, chance], index) => make("button", { type: "button", class: "chip", on: { click: () => relabel(label) } },
      make("kbd", { text: index + 1 }), ` ${label}`, chance === null ? "" : make("small", { text: ` ${chance.toFixed(2)}` }))));
    for (const id of ["start", "end"]) if (document.activeElement !== at(id)) at(id).value = event[`${id}_s`].toFixed(2);
    at("person").value = event.person;
  }

  // What the machine thought of too, likeliest first; its own word where it was replaced.
  const alternatives = (event) => {
    const { machine } = event;
    if (!machine) return [];
    const all = [...(machine.label === event.label ? [] : [[machine.label, machine.score]]), ...machine.alternatives];
    return all.filter(([label]) => label !== event.label).slice(0, 9);
  };

  function list() {
    if (!visible.length) { at("list").replaceChildren(make("p", { class: "quiet", text: record.events.length ? "No event fits these choices." : "No events yet." })); return; }
    const focused = document.activeElement && document.activeElement.dataset.id;
    at("list").replaceChildren(make("ul", { class: "moments" }, ...visible.map((event) => make("li", {},
      make("button", { type: "button", class: `moment${event.id === chosen ? " current" : ""}`, "data-id": event.id, ...(event.id === chosen ? { "aria-current": "true" } : {}), on: { click: () => mgskel.select(event) } },
        make("time", { text: span(event) }),
        make("span", { class: event.state === "rejected" ? "struck" : "" }, make("i", { class: "swatch", style: { background: drawn(event).colour }, "aria-hidden": "true" }), make("b", { text: event.label }), event.person !== persons()[0] || persons().length > 1 ? ` (${event.person})` : ""),
        make("span", { class: "score" }, event.machine && event.state === "open" ? `${machineScore(event).toFixed(2)} ` : "", make("span", { class: `state ${event.state}`, text: words[event.state] })))))));
    const row = document.querySelector(".moment.current"), holder = document.querySelector("ul.moments");
    if (row) holder.scrollTop = row.offsetTop - holder.offsetTop - holder.clientHeight / 2;
    if (focused) document.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }
  const persons = () => mgskel.report.player.people;

  mgskel.eventsAt = (time) => visible.filter((event) => event.state !== "rejected" && time >= event.start_s && time < event.end_s);
  mgskel.select = (event, seek = true) => {
    mgskel.clock.pause();
    chosen = event ? event.id : null;
    if (event && seek) mgskel.clock.seek(event.start_s);
    show();
  };

  // Decisions.
  const now = () => new Date().toISOString();
  const becomes = (event, changes) => record.commit([[event.id, { ...event, state: "accepted", at: now(), ...changes }]]);
  function decide(state) {
    const event = current();
    if (!event) return;
    const next = unsure.filter((other) => other.id !== event.id)[0];
    becomes(event, { state });
    if (at("go-on").checked && !record.blind && next) mgskel.select(record.find(next.id));
  }
  function relabel(label) {
    const event = current(), text = label.trim().replace(/\s+/g, " ");
    if (!event || !text) return;
    const machine = event.machine && event.machine.label === text ? event.machine : null;
    const known = labels.byName.get(text);
    becomes(event, { label: text, group: machine ? machine.group : known ? known.group : "gesture", level: machine ? machine.level : "gesture" });
  }
  const bounded = (event, edge, time) => {
    const { start, duration } = mgskel.clock, to = Math.round(time * 1000) / 1000;
    return edge === "start_s" ? { start_s: Math.min(Math.max(to, start), event.end_s - LEAST_S) } : { end_s: Math.max(Math.min(to, duration), event.start_s + LEAST_S) };
  };
  function move(edge, time) {
    const event = current();
    if (event && Number.isFinite(time)) becomes(event, bounded(event, edge, time));
  }
  let before = null;
  mgskel.editing = {
    drag(edge, time) {
      before ||= current();
      const changes = bounded(current(), edge, time);
      record.show({ ...current(), ...changes });
      mgskel.clock.seek(changes[edge]);
    },
    drop() {
      const after = current(), was = before;
      before = null;
      if (!was || !after) return;
      record.show(was);
      if (was.start_s !== after.start_s || was.end_s !== after.end_s) becomes(was, { start_s: after.start_s, end_s: after.end_s });
    },
  };
  function add() {
    const { clock } = mgskel, length = Math.min(1, clock.duration - clock.start);
    const start_s = Math.max(clock.start, Math.round(Math.min(clock.time, clock.duration - length) * 1000) / 1000);
    const like = current();
    const label = like ? like.label : at("gesture").value || labels[0].name;
    const event = { id: `a-${crypto.randomUUID()}`, person: like ? like.person : at("whose").value || persons()[0], label, group: labels.byName.get(label)?.group || like?.group || "gesture", level: "gesture",
      start_s, end_s: Math.round((start_s + length) * 1000) / 1000, score: 1, alternatives: [], evidence: "", machine: null, state: "accepted", at: now() };
    chosen = event.id;
    record.commit([[event.id, event]]);
    at("other").focus();
    at("other").select();
  }
  function finish() {
    if (record.finished) { record.commit([], false); return; }
    const open = record.events.filter((event) => event.state === "open");
    record.commit(open.map((event) => [event.id, { ...event, at: now(), state: sensitivity.shows(machineScore(event), "open") ? "accepted" : "rejected" }]), true);
  }
  const back = (step) => { const id = record[step](); if (id && record.find(id)) mgskel.select(record.find(id)); else show(); };

  // Where to go.
  const beside = (by) => {
    const ordered = visible.filter((event) => by > 0 ? event.start_s > mgskel.clock.time + 1e-3 : event.start_s < mgskel.clock.time - 1e-3);
    const place = visible.indexOf(current());
    const next = place >= 0 ? visible[place + by] : by > 0 ? ordered[0] : ordered.at(-1);
    if (next) mgskel.select(next);
  };
  const elsewhere = () => study.events.filter((row) => study.clips[row[0]].name !== name && row[3] === "open" && !study.clips[row[0]].finished && sensitivity.shows(row[4], "open")).sort((a, b) => a[4] - b[4])[0];
  function leastSure() {
    const next = unsure[0]?.id === chosen ? unsure[1] : unsure[0];
    if (next) { mgskel.select(next); return; }
    const row = elsewhere();
    if (row) location.assign(mgskel.clipAddress(study.clips[row[0]].name, row[6]));
  }
  let until = null;
  function repeat() {
    const event = current();
    if (!event) return;
    mgskel.clock.seek(event.start_s);
    until = event.end_s;
    mgskel.clock.play();
  }

  // A video that the browser cannot play is shown picture by picture.
  function picturesBeside() {
    const image = make("img", { alt: "The video at this moment" });
    let wanted = mgskel.clock.time, shown = null, busy = false;
    const next = () => {
      if (busy || shown === wanted) return;
      busy = true;
      shown = wanted;
      image.src = `${mgskel.report.pictures}&t=${shown.toFixed(4)}`;
    };
    for (const end of ["load", "error"]) image.addEventListener(end, () => { busy = false; next(); });
    mgskel.clock.follow((time) => { wanted = time; next(); });
    at("beside").replaceChildren(image);
    at("sound-choice").hidden = true;
    next();
  }

  const keys = [
    [" ", "Space", "play or pause", () => (mgskel.clock.playing ? mgskel.clock.pause() : mgskel.clock.play())],
    ["Enter", "Enter", "play the chosen event", repeat],
    ["ArrowLeft", "\u2190", "one frame back (with Shift: a second)", (e) => (e.shiftKey ? mgskel.clock.seek(mgskel.clock.time - 1) : mgskel.step(-1))],
    ["ArrowRight", "\u2192", "one frame on (with Shift: a second)", (e) => (e.shiftKey ? mgskel.clock.seek(mgskel.clock.time + 1) : mgskel.step(1))],
    ["u", "U", "the event that the machine is least sure of", leastSure],
    ["n", "N", "next event", () => beside(1)],
    ["p", "P", "previous event", () => beside(-1)],
    ["a", "A", "accept", () => decide("accepted")],
    ["x", "X", "reject", () => decide("rejected")],
    ["1", "1\u20139", "choose another label that is offered", null],
    ["l", "L", "write another label", () => { at("other").focus(); at("other").select(); }],
    ["i", "I", "begin at this moment", () => move("start_s", mgskel.clock.time)],
    ["o", "O", "end at this moment", () => move("end_s", mgskel.clock.time)],
    ["c", "C", "add an event at this moment", add],
    ["z", "Z", "undo", () => back("undo")],
    ["y", "Y", "redo", () => back("redo")],
    ["f", "F", "finish the clip", finish],
    ["+", "+", "zoom in", () => mgskel.zoomBy(0.5)],
    ["-", "\u2212", "zoom out", () => mgskel.zoomBy(2)],
    ["?", "?", "this list", () => at("keys").showModal()],
    ["Escape", "Esc", "leave a field; choose no event", () => mgskel.select(null)],
  ];
  function listen() {
    at("key-list").append(...keys.flatMap(([, key, text]) => [make("dt", {}, make("kbd", { text: key })), make("dd", { text })]));
    document.addEventListener("keydown", (event) => {
      if (document.querySelector("dialog[open]")) return;
      if (event.ctrlKey || event.metaKey) {
        if (event.key.toLowerCase() === "z" && !event.target.closest("input")) { event.preventDefault(); back(event.shiftKey ? "redo" : "undo"); }
        return;
      }
      if (event.target.closest("input:not([type=checkbox]):not([type=range]), select")) { if (event.key === "Escape") event.target.blur(); return; }
      if (event.altKey || (event.target.closest("button, a, summary, input") && [" ", "Enter"].includes(event.key)) || (event.target.closest("input[type=range]") && event.key.startsWith("Arrow"))) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const other = /^[1-9]$/.test(key) && current() ? alternatives(current())[Number(key) - 1] : null;
      const found = keys.find(([name, , , act]) => name === key && act);
      if (!other && !found) return;
      event.preventDefault();
      if (other) relabel(other[0]); else found[3](event);
    });
    const click = (id, act) => at(id).addEventListener("click", act);
    click("accept", () => decide("accepted")); click("reject", () => decide("rejected")); click("repeat", repeat);
    click("undo", () => back("undo")); click("redo", () => back("redo")); click("unsure", leastSure); click("add", add); click("finish", finish);
    click("previous", () => beside(-1)); click("next", () => beside(1)); click("help", () => at("keys").showModal());
    click("start-here", () => move("start_s", mgskel.clock.time)); click("end-here", () => move("end_s", mgskel.clock.time));
    at("start").addEventListener("change", (e) => move("start_s", e.target.valueAsNumber));
    at("end").addEventListener("change", (e) => move("end_s", e.target.valueAsNumber));
    at("person").addEventListener("change", (e) => { if (current()) becomes(current(), { person: e.target.value }); });
    at("relabel").addEventListener("submit", (event) => { event.preventDefault(); relabel(at("other").value); at("other").value = ""; at("other").blur(); });
    for (const id of ["gesture", "state", "whose"]) at(id).addEventListener("change", show);
    at("sound").addEventListener("change", (e) => { document.querySelector("#beside video").muted = !e.target.checked; });
    document.addEventListener("themed", () => { mgskel.redrawPlayer(); mgskel.redrawTimeline(); });
    window.addEventListener("focus", () => record.refresh().catch(() => {}));
    mgskel.clock.follow((time, playing) => {
      if (!playing) until = null; else if (until !== null && time >= until) { until = null; mgskel.clock.pause(); }
    });
  }

  try {
    const recording = fetch(mgskel.address("api/recording", { clip: name })).then((answer) => (answer.ok ? answer.text() : answer.json().then((told) => Promise.reject(new Error(told.error)))));
    let review;
    [study, labels, review, at("data").textContent] = await Promise.all([ask("GET", "api/study", mgskel.who()), ask("GET", "api/labels"), ask("GET", "api/review", params), recording]);
    labels.byName = new Map(labels.map((label) => [label.name, label]));
    labels.byGroup = new Map(labels.map((label) => [label.group, label]));
    if (!labels.byGroup.has("gesture")) labels.byGroup.set("gesture", { colour: "#5b6670", ink: "#ffffff" });
    record = mgskel.openRecord(review, params, { changed: show, told: (text, bad) => { at("saved").textContent = text; at("saved").classList.toggle("bad", Boolean(bad)); } });
    mgskel.chooseCoder(study);
    document.title = at("title").textContent = name;
    at("home").href = mgskel.address("./", mgskel.who());
    at("home").textContent = `\u2190 ${study.study}`;
    for (const part of ["data.js", "player.js", "timeline.js"]) await script(`page/${part}`);
    const { report } = mgskel;
    at("sound-choice").hidden = !report.video;
    at("beside").hidden = !report.pictures;
    at("pictures").classList.toggle("two", Boolean(report.pictures));
    at("no-video").hidden = Boolean(report.pictures);
    at("own-video").addEventListener("change", () => { at("pictures").classList.add("two"); at("no-video").hidden = true; });
    at("labels").append(...labels.map((label) => make("option", { value: label.name })));
    const used = [...new Set(record.events.map((event) => event.label))].sort();
    at("gesture").append(make("option", { value: "", text: "any" }), ...used.map((text) => make("option", { value: text, text })));
    at("person").append(...report.player.people.map((text) => make("option", { value: text, text })));
    at("whose").append(make("option", { value: "", text: "all" }), ...report.player.people.map((text) => make("option", { value: text, text })));
    at("person-choice").hidden = at("whose-choice").hidden = report.player.people.length < 2;
    for (const part of document.querySelectorAll(".filters .slider")) part.hidden = record.blind;
    visible = record.events;
    await mgskel.player();
    await mgskel.timeline();
    const video = document.querySelector("#beside video");
    if (report.pictures && !video) picturesBeside();
    if (video) video.addEventListener("error", picturesBeside);
    listen();
    mgskel.clock.seek(mgskel.clock.start);
    chosen = asked.get("event");
    sensitivity.bind(at("sensitivity"), show);
    if (current()) mgskel.select(current());
    if (record.saved) at("saved").textContent = `Saved ${new Date(record.saved).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
    mgskel.record = record;
  } catch (error) { fail(error); }
})();
