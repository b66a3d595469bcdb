// The study's page: what to look at next, clips, queue, agreement, files.
mgskel.begun = (async function study() {
  const { make, at, ask, counted, sensitivity, fail } = mgskel;
  let data = null;
  const LABEL = 1, STATE = 3, SCORE = 4, ID = 6; // of an event's row, after the number of its clip

  const shown = () => data.events.filter((row) => sensitivity.shows(row[SCORE], row[STATE]));
  const link = (clip, event) => mgskel.clipAddress(data.clips[clip].name, event);

  function counts() {
    const events = shown();
    const open = events.filter((row) => row[STATE] === "open");
    const judged = data.events.length - data.events.filter((row) => row[STATE] === "open").length;
    const finished = data.clips.filter((clip) => clip.finished).length;
    at("shown").textContent = data.blind ? "" : `${counted(events.length, "event")} of ${data.events.length}${sensitivity.least > 0 ? `, score ${sensitivity.least.toFixed(2)} or more` : ""}`;
    at("progress").textContent = `${finished} of ${counted(data.clips.length, "clip")} finished; ${judged} events decided${data.blind ? "" : `, ${open.length} open`}.`;
    at("progress-bar").style.width = `${(100 * (data.blind ? finished / (data.clips.length || 1) : judged / (judged + open.length || 1))).toFixed(1)}%`;
    const unsure = open.filter((row) => !data.clips[row[0]].finished).sort((a, b) => a[SCORE] - b[SCORE])[0];
    const unfinished = data.clips.findIndex((clip) => !clip.finished);
    const next = at("next");
    next.hidden = !unsure && unfinished < 0;
    if (unsure) { next.href = link(unsure[0], unsure[ID]); next.textContent = "Look at the least sure event"; }
    else if (unfinished >= 0) { next.href = link(unfinished); next.textContent = data.blind ? "Code the next clip" : "Finish the next clip"; }
    list(events);
  }

  function list(events) {
    const gesture = at("gesture").value, name = at("name").value.trim().toLowerCase(), state = at("state").value;
    const per = data.clips.map(() => ({ events: 0, open: 0 }));
    for (const row of events) {
      if (gesture && row[LABEL] !== gesture) continue;
      if (row[STATE] !== "rejected") per[row[0]].events += 1;
      if (row[STATE] === "open") per[row[0]].open += 1;
    }
    const fits = (clip, number) => clip.name.toLowerCase().includes(name) && (!gesture || per[number].events > 0)
      && (!state || { open: per[number].open > 0 && !clip.finished, unfinished: !clip.finished, finished: clip.finished }[state]);
    const rows = data.clips.map((clip, number) => fits(clip, number) && make("tr", {},
      make("th", { scope: "row" }, make("a", { href: link(number), text: clip.name })),
      make("td", { class: "number", text: mgskel.clockText(clip.seconds, 0), "data-value": clip.seconds }),
      make("td", { class: "number", text: per[number].events }),
      make("td", { class: "number", text: clip.finished ? "\u2013" : per[number].open }),
      make("td", {}, make("span", { class: `state ${clip.finished ? "accepted" : clip.revision ? "begun" : "open"}`, text: clip.finished ? "finished" : clip.revision ? "begun" : "new" })),
      make("td", { class: "quiet", text: clip.others.join(", ") }))).filter(Boolean);
    document.querySelector("#clips tbody").replaceChildren(...rows);
    at("none").hidden = rows.length > 0;
  }

  async function load() {
    data = await ask("GET", "api/study", mgskel.who());
    document.title = `${data.study}: mgskel review`;
    at("title").textContent = data.study;
    const minutes = data.clips.reduce((sum, clip) => sum + clip.seconds, 0) / 60;
    at("lead").textContent = data.clips.length ? `${counted(data.clips.length, "clip")}, ${minutes.toFixed(1)} minutes${data.blind ? "; you code blind" : ""}.` : "Nothing here yet: drop some clips, and they are analysed one after the other.";
    document.body.classList.toggle("empty", !data.clips.length);
    for (const card of document.querySelectorAll(".filled")) card.hidden = !data.clips.length;
    document.querySelector(".slider").hidden = data.blind;
    const chosen = at("gesture").value;
    const labels = [...new Set(data.events.map((row) => row[LABEL]))].sort();
    at("gesture").replaceChildren(make("option", { value: "", text: "any" }), ...labels.map((text) => make("option", { value: text, text })));
    at("gesture").value = labels.includes(chosen) ? chosen : "";
    const able = ["machine", ...data.coders.filter((coder) => coder.finished).map((coder) => coder.name)];
    for (const [id, value] of [["first", able[0]], ["second", able.includes(data.coder) ? data.coder : able[1] || able[0]]]) {
      const before = at(id).value;
      at(id).replaceChildren(...able.map((name) => make("option", { value: name, text: name === "machine" ? "the machine" : name })));
      at(id).value = able.includes(before) && before !== "machine" ? before : value;
    }
    at("agree-choice").hidden = able.length < 2;
    at("teach").textContent = `mgskel finetune ${/^[\w./-]+$/.test(data.study) ? data.study : `"${data.study.replaceAll('"', '\\"')}"`} -o my_recognizer`;
    counts();
  }

  // Clips that come in: copied, then analysed one after the other.
  const copying = new Map();
  let known = [];
  function queue() {
    const words = { waiting: "waits", running: "is being analysed", done: "done", failed: "failed", cancelled: "stopped" };
    const order = (act, job) => make("button", { type: "button", class: "chip", text: act === "retry" ? "Try again" : "Cancel", "aria-label": `${act === "retry" ? "Try again" : "Cancel"}: ${job.name}`,
      on: { click: async () => { try { known = await ask("POST", "api/queue", {}, { act, number: job.number }); queue(); watch(); } catch (error) { fail(error); } } } });
    const line = (name, state, told, share, ...more) => make("li", { class: state }, make("div", { class: "row" }, make("b", { text: name }), make("span", { class: "quiet", text: told }), ...more),
      state === "running" ? make("progress", { "aria-label": `${name}: ${told}`, ...(share ? { value: share, max: 1 } : {}) }) : null);
    at("queue").replaceChildren(
      ...[...copying].map(([name, share]) => line(name, "running", `copying, ${Math.round(share * 100)}%`, share)),
      ...known.map((job) => {
        const active = job.state === "waiting" || job.state === "running";
        const share = job.state === "running" && job.done ? `, ${Math.round(job.done * 100)}%` : "";
        const item = line(job.name, job.state, words[job.state] + share, job.done, active ? order("cancel", job) : job.state === "done" ? null : order("retry", job));
        if (job.error) item.append(make("p", { class: "hint error", text: job.error }));
        return item;
      }));
  }
  let watching = false;
  async function watch() {
    if (watching) return;
    watching = true;
    const done = () => known.filter((job) => job.state === "done").length;
    for (let before = done(), first = true; ; first = false) {
      known = await ask("GET", "api/queue").catch(() => known);
      if (!first && done() !== before) { await load().catch(fail); at("queue-said").textContent = `${counted(done(), "clip")} analysed.`; }
      before = done();
      queue();
      if (!known.some((job) => job.state === "waiting" || job.state === "running")) break;
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    watching = false;
  }
  function send(file) {
    const request = new XMLHttpRequest();
    request.open("POST", mgskel.address("api/upload", { name: file.name }));
    request.upload.addEventListener("progress", (event) => { copying.set(file.name, event.loaded / event.total); queue(); });
    return new Promise((resolve) => {
      request.addEventListener("loadend", () => {
        copying.delete(file.name);
        if (request.status !== 200) {
          let told = "it could not be copied";
          try { told = JSON.parse(request.responseText).error; } catch { /* no answer of ours */ }
          fail(new Error(`${file.name}: ${told}`));
        }
        resolve();
      });
      copying.set(file.name, 0);
      queue();
      request.send(file);
    });
  }
  async function take(files) {
    for (const file of files) { await send(file); watch(); }
    queue();
  }
  const drop = at("drop");
  at("files").addEventListener("change", (event) => { take([...event.target.files]); event.target.value = ""; });
  // The whole page takes clips, so that none opens in the browser by a slip of the hand.
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  document.addEventListener("dragover", () => drop.classList.add("over"));
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => { drop.classList.remove("over"); take([...event.dataTransfer.files]); });

  const busy = (button, work) => button.addEventListener("click", async () => {
    button.disabled = true;
    at("notice").hidden = true;
    try { await work(); } catch (error) { fail(error); }
    button.disabled = false;
  });
  const file = (name, text = name) => make("a", { class: "download", href: `files/${name.split("/").map(encodeURIComponent).join("/")}`, text,
    ...(name.endsWith(".html") ? { target: "_blank", rel: "noopener" } : { download: name.split("/").pop() }) });
  busy(at("export"), async () => {
    const { files } = await ask("POST", "api/export", {}, {});
    const coders = files.filter((name) => name.startsWith("coders/"));
    at("exported").replaceChildren(make("div", { class: "controls files" }, ...files.filter((name) => !coders.includes(name)).map((name) => file(name, name === "index.html" ? "page of the study" : name))));
    if (coders.length) at("exported").append(make("details", {}, make("summary", { text: `Files of coders (${coders.length})` }), make("div", { class: "controls files" }, ...coders.map((name) => file(name, name.replace("coders/", ""))))));
  });
  busy(at("compare"), async () => {
    const found = await ask("POST", "api/agreement", {}, { coders: [at("first").value, at("second").value] });
    const names = { "event_f1_0.3": "event F1", kappa_time: "kappa, moments", kappa_event: "kappa, events", icc_rate: "ICC, rates" };
    const told = (value) => (value === null ? "\u2013" : value.toFixed(2));
    const key = Object.entries(names).map(([name, words]) => make("div", {}, make("b", { text: told(found.overall[name]) }), make("span", { text: words })));
    const rows = Object.entries(found.labels).map(([label, values]) => make("tr", {}, make("th", { scope: "row", text: label }),
      ...["event_f1_0.3", "kappa_time"].map((name) => make("td", { class: "number", text: told(values[name]) })),
      ...["n_a", "n_b"].map((name) => make("td", { class: "number", text: values[name] }))));
    const head = make("tr", {}, ...["gesture", "F1", "kappa", ...found.coders].map((text, column) => make("th", { scope: "col", class: column ? "number" : "", text })));
    at("agreement").replaceChildren(make("div", { class: "key" }, ...key),
      make("p", { class: "hint", text: `${counted(found.files.length, "clip")}: ${found.files.join(", ")}` }),
      make("div", { class: "wide" }, make("table", {}, make("caption", { class: "hidden", text: "Agreement per gesture" }), make("thead", {}, head), make("tbody", {}, ...rows))),
      make("div", { class: "controls" }, file("agreement/agreement.html", "The whole page")));
  });

  try {
    await load();
    mgskel.chooseCoder(data);
    sensitivity.bind(at("sensitivity"), counts);
    for (const id of ["name", "gesture", "state"]) at(id).addEventListener("input", counts);
    window.addEventListener("focus", () => load().catch(fail));
    await watch();
  } catch (error) { fail(error); }
})();
