// The lists beside the player: assessment, gestures, statements, quality, methods, downloads.
mgskel.panels = function panels() {
  const { report, clock, make } = mgskel;
  const span = (item) => `${mgskel.clockText(item.from_s)} \u2013 ${mgskel.clockText(item.to_s)}`;
  const at = (id) => document.getElementById(id);
  const evidence = new Map(report.evidence.map((item) => [item.id, item]));

  const goTo = (item) => { clock.pause(); clock.seek(item.from_s); };
  const follow = (id) => {
    const item = evidence.get(id);
    if (!item) return;
    goTo(item);
    const row = document.querySelector(`[data-id="${CSS.escape(id)}"]`);
    for (const other of document.querySelectorAll(".moment.current")) other.classList.remove("current");
    if (row) { row.classList.add("current"); row.scrollIntoView({ block: "nearest" }); }
  };
  const MOST_CHIPS = 6, MOST_SHOWN = 3;
  const chips = (ids, kind) => {
    const holder = make("span", { class: "chips" }, ...ids.slice(0, MOST_CHIPS).map((id) => chip(id, kind)));
    const rest = ids.slice(MOST_CHIPS);
    if (rest.length) {
      const more = make("button", { type: "button", class: `chip ${kind}`, text: `+${rest.length}`, "aria-label": `Show ${rest.length} more`,
        on: { click: () => more.replaceWith(...rest.map((id) => chip(id, kind))) } });
      holder.append(more);
    }
    return holder;
  };
  const chip = (id, kind) => {
    const item = evidence.get(id);
    return make("button", { type: "button", class: `chip ${kind}`, text: id, title: item ? `${span(item)}: ${item.text}` : id,
      "aria-label": `${kind === "against" ? "Evidence against" : "Evidence"} ${id}${item ? `: ${item.text}` : ""}`,
      "data-evidence": id, on: { click: () => follow(id) } });
  };
  const cited = (item, word = "For") => {
    const lines = [];
    if (item.evidence_for && item.evidence_for.length) lines.push(make("p", { class: "quiet" }, `${word}: `, chips(item.evidence_for, "")));
    if (item.evidence_against && item.evidence_against.length) lines.push(make("p", { class: "quiet" }, "Against: ", chips(item.evidence_against, "against")));
    return lines;
  };
  // Ids within the text become chips where they stand, the others follow it.
  const sentence = (claim) => {
    const parts = claim.text.split(/\[([a-z]{1,3}\d{1,6})\]/);
    const rest = claim.evidence.filter((id) => !parts.includes(id));
    return make("p", {}, ...parts.map((part, index) => (index % 2 ? chip(part, "") : part)), " ",
      claim.evidence.length ? chips(rest, "") : make("em", { class: "quiet", text: "(no evidence cited)" }));
  };
  const list = (texts) => make("ul", { class: "plain" }, ...texts.map((text) => make("li", { text })));
  const scale = (name, signal, low, high, ends) => signal.value === null ? make("div", { class: "scale" }, make("h3", { text: name }),
    make("p", { class: "quiet", text: "not judged" })) : make("div", { class: "scale" },
    make("h3", { text: name }),
    make("div", { class: "track", role: "img", "aria-label": `${name} ${signal.value.toFixed(2)} on a scale from ${low} to ${high}` },
      make("i", { style: { left: `${((signal.value - low) / (high - low)) * 100}%` } })),
    make("p", { class: "quiet", text: `${signal.value.toFixed(2)} (${ends[0]} ${low}, ${ends[1]} ${high})` }), ...cited(signal));

  function assessment() {
    const box = at("assessment");
    const outcome = report.outcome;
    if (!outcome) { box.append(make("p", { text: "No assessment was asked for." })); return; }
    box.append(make("p", { class: "notice", text: report.reasoner }));
    if (outcome.status !== "ok") {
      box.append(make("p", { class: "notice bad", text: `No assessment (${outcome.status}): ${outcome.reason}` }));
      return;
    }
    const result = outcome.assessment;
    for (const claim of result.summary) box.append(sentence(claim));
    if (result.abstain) box.append(make("p", { class: "notice", text: "The reasoner abstains: the evidence does not suffice for a judgement." }));
    const weighed = result.abstain ? make("details", {}, make("summary", { text: "What was weighed, short of a judgement" })) : box;
    if (result.abstain) box.append(weighed);
    const ranked = [...result.hypotheses].sort((a, b) => b.probability - a.probability);
    const others = make("details", {}, make("summary", { text: "Less likely" }));
    for (const [rank, hypothesis] of ranked.entries()) {
      const percent = `${Math.round(hypothesis.probability * 100)}%`;
      (rank < MOST_SHOWN ? weighed : others).append(make("div", { class: "hypothesis" },
        make("div", { class: "row" }, make("strong", { text: hypothesis.emotion }), make("span", { text: percent })),
        make("div", { class: "bar", "aria-hidden": "true" }, make("i", { style: { width: percent } })), ...cited(hypothesis)));
    }
    if (ranked.length > MOST_SHOWN) weighed.append(others);
    weighed.append(make("div", { class: "scales" },
      scale("Valence", result.valence, -1, 1, ["negative", "positive"]),
      scale("Arousal", result.arousal, -1, 1, ["drowsy", "activated"]),
      scale("Stress", result.stress, 0, 1, ["relaxed", "stressed"])));
    if (result.alternative_explanations.length) {
      box.append(make("h3", { text: "Innocent explanations" }), make("ul", { class: "plain" },
        ...result.alternative_explanations.map((item) => make("li", {}, `${item.explanation} `, chips(item.explains, "")))));
    }
    // What was not seen has its reasons in "What this recording can show": here one line for all of it.
    const unseen = /: cannot be seen( \(.*\))?$/;
    const blind = result.cannot_judge.filter((text) => unseen.test(text)).map((text) => text.replace(unseen, ""));
    const rest = result.cannot_judge.filter((text) => !unseen.test(text));
    if (blind.length) rest.push(`not seen well enough here: ${blind.join("; ")}`);
    if (rest.length) box.append(make("h3", { text: "What cannot be judged" }), list(rest));
    box.append(make("details", {}, make("summary", { text: result.abstain ? "Limits of this assessment" : `Limits of this assessment (the reasoner trusts it to ${Math.round(result.confidence * 100)}%)` }), list(result.limits)));
  }

  const moment = (item, parts) => make("li", {}, make("button", { type: "button", class: "moment", "data-id": item.id, "data-from": item.from_s,
    on: { click: () => { for (const other of document.querySelectorAll(".moment.current")) other.classList.remove("current");
      parts.row().classList.add("current"); (parts.act || goTo)(item); } } },
    make("time", { text: span(item) }), parts.text, parts.score ? make("span", { class: "score", text: parts.score }) : null));

  function moments(box, items, build) {
    if (!items.length) return;
    const holder = make("ul", { class: "moments", tabindex: "0" });
    for (const item of items) {
      const row = moment(item, { ...build(item), row: () => row.firstChild });
      // Pointing at a line shows its moment; leaving goes back to where one was.
      let before = null;
      row.addEventListener("pointerenter", () => { if (!clock.playing) { before = clock.time; clock.seek(item.from_s ?? item.start_s); } });
      row.addEventListener("click", () => { before = null; });
      row.addEventListener("pointerleave", () => { if (before !== null && !clock.playing) clock.seek(before); before = null; });
      holder.append(row);
    }
    box.append(holder);
  }

  const about = (event) => [event.row, report.player.people.length > 1 ? `person ${event.person}` : "", event.micro ? "" : "not a micro-gesture",
    event.level === "group" ? "the body part is sure, the gesture is not" : "", event.annotated].filter((part) => part);

  function gestures() {
    const box = at("gestures");
    if (report.truth_score) at("truth").append(make("p", { class: "notice", text: report.truth_score }));
    if (!report.events.length) box.append(make("p", { text: "The recogniser found no gesture it was sure of." }));
    if (report.events.length && report.events.every((event) => event.annotated)) at("gestures-heading").textContent = "Annotated gestures";
    if (report.remarks.length) box.append(make("details", report.events.length ? {} : { open: "" },
      make("summary", { text: "What it says nothing of" }), list(report.remarks)));
    moments(box, report.events, (event) => ({
      text: make("span", {}, make("i", { class: "swatch", style: { background: event.colour }, "aria-hidden": "true" }),
        make("b", { text: event.label }), make("span", { class: "quiet", text: ` ${about(event).join(", ")}.` }),
        event.alternatives.length ? make("span", { class: "quiet", text: ` Or ${event.alternatives.map(([label, chance]) => `${label} (${chance.toFixed(2)})`).join(", ")}.` }) : null,
        event.measured ? make("span", { class: "quiet", text: ` Measured: ${event.measured}` }) : null),
      score: event.annotated ? "" : event.score.toFixed(2), act: () => mgskel.select(event) }));
  }

  function statements() {
    const box = at("statements");
    if (!report.statements.length) box.append(make("p", { text: "Nothing rose above this recording's own noise." }));
    moments(box, report.statements, (item) => ({
      text: make("span", {}, make("b", { text: `${item.id} ` }), item.text), score: `${Math.round(item.confidence * 100)}%` }));
  }

  const table = (pairs) => make("table", {}, make("tbody", {}, ...pairs.map(([key, value]) =>
    make("tr", {}, make("th", { scope: "row", text: key }), make("td", { text: value })))));

  function rest() {
    at("quality").append(table(report.quality.parts));
    if (report.quality.verdict.length) at("quality").append(make("h3", { text: "Gestures" }), list(report.quality.verdict));
    at("methods").append(make("p", { text: report.methods }),
      make("button", { type: "button", text: "Copy this paragraph", on: { click: (e) => {
        navigator.clipboard.writeText(report.methods).then(() => { e.target.textContent = "Copied"; }, () => { e.target.textContent = "Select and copy by hand"; }); } } }),
      make("details", {}, make("summary", { text: "Provenance" }), table(report.provenance)));
    const save = (name, blob) => make("a", { class: "download", download: name, href: URL.createObjectURL(blob), text: name });
    for (const [name, content] of Object.entries(report.files)) {
      at("downloads").append(save(name, new Blob([content], { type: name.endsWith(".json") ? "application/json" : "text/plain" })));
    }
  }

  at("summary").textContent = report.summary;
  assessment(); gestures(); statements(); rest();
};
