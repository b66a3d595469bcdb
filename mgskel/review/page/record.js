// A coder's review of one clip: what became of each event, undo and redo, saved with every change.
mgskel.openRecord = function openRecord(review, params, { changed, told }) {
  const record = { ...review };
  const essence = (event) => (event ? JSON.stringify([event.person, event.label, event.start_s, event.end_s, event.state]) : "");
  const byId = (events) => new Map(events.map((event) => [event.id, event]));
  let base = byId(review.events), past = [], future = [];
  let saving = false, unsaved = false;

  record.find = (id) => record.events.find((event) => event.id === id);
  const apply = (changes, finished) => {
    const events = byId(record.events);
    for (const [id, event] of changes) if (event) events.set(id, event); else events.delete(id);
    record.events = [...events.values()].sort((a, b) => a.start_s - b.start_s || a.end_s - b.end_s);
    record.finished = finished;
  };

  // Changes are pairs of an event's id and what it is from now on (null: gone).
  record.commit = (changes, finished = record.finished) => {
    past.push({ changes, before: changes.map(([id]) => [id, record.find(id) || null]), finished, was: record.finished });
    future = [];
    apply(changes, finished);
    changed();
    save();
  };
  const turn = (from, to, way) => {
    const step = from.pop();
    if (!step) return null;
    to.push(step);
    if (way === "undo") apply(step.before, step.was); else apply(step.changes, step.finished);
    save();
    changed();
    return step.changes.length === 1 ? step.changes[0][0] : null;
  };
  record.undo = () => turn(past, future, "undo");
  record.redo = () => turn(future, past, "redo");
  Object.defineProperties(record, { canUndo: { get: () => past.length > 0 }, canRedo: { get: () => future.length > 0 }, unsaved: { get: () => unsaved || saving } });
  // While an edge is dragged: seen, but not yet said.
  record.show = (event) => { apply([[event.id, event]], record.finished); changed(); };

  // Another tab saved: what was changed here stays, everything else is taken from there.
  const merge = (theirs) => {
    const here = byId(record.events), there = byId(theirs.events);
    for (const id of new Set([...here.keys(), ...base.keys()])) {
      if (essence(here.get(id)) === essence(base.get(id))) continue;
      if (here.has(id)) there.set(id, here.get(id)); else there.delete(id);
    }
    const finished = record.finished === record.wasFinished ? theirs.finished : record.finished;
    apply([...[...here.keys()].map((id) => [id, null]), ...there], finished);
    record.revision = theirs.revision;
    base = byId(theirs.events);
    changed();
  };
  record.wasFinished = review.finished;

  async function save() {
    unsaved = true;
    if (saving) return;
    saving = true;
    told("Saving\u2026");
    while (unsaved) {
      unsaved = false;
      const { events, finished, revision, blind } = record;
      const sent = events.map(({ id, person, label, start_s, end_s, state, at }) => ({ id, person, label, start_s, end_s, state, at }));
      try {
        const answer = await mgskel.ask("PUT", "api/review", params, { revision, blind, finished, events: sent });
        record.revision = answer.revision;
        record.wasFinished = finished;
        base = byId(events);
        told(`Saved ${new Date(answer.saved).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })}`);
      } catch (error) {
        if (error.status === 409) { merge(error.told); unsaved = true; continue; }
        if (error.status) { told(`Not saved: ${error.message.split("\n")[0]}`, true); break; }
        told("Not saved: the app does not answer. Trying again\u2026", true);
        unsaved = true;
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
    }
    saving = false;
  }
  record.refresh = async () => {
    if (saving || unsaved) return;
    const theirs = await mgskel.ask("GET", "api/review", params);
    if (theirs.revision > record.revision && !saving && !unsaved) { merge(theirs); record.wasFinished = record.finished; }
  };
  window.addEventListener("beforeunload", (event) => { if (record.unsaved) event.preventDefault(); });
  return record;
};
