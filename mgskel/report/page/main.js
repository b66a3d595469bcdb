// Joins the parts: selection and keys.
mgskel.begun = (async function main() {
  document.addEventListener("themed", () => { mgskel.redrawPlayer?.(); mgskel.redrawTimeline?.(); });
  const { report, clock } = mgskel;
  const events = report.events;
  mgskel.eventsAt = (time) => events.filter((e) => time >= e.start_s && time < e.end_s);
  mgskel.select = (event) => {
    clock.pause();
    clock.seek(event.start_s);
    mgskel.selectOnTimeline(event);
    const row = document.querySelector(`[data-id="${CSS.escape(event.id)}"]`);
    for (const other of document.querySelectorAll(".moment.current")) other.classList.remove("current");
    if (row) { row.classList.add("current"); row.scrollIntoView({ block: "nearest" }); }
  };
  const jump = (ahead) => {
    const found = ahead ? events.find((e) => e.start_s > clock.time + 1e-3)
      : [...events].reverse().find((e) => e.start_s < clock.time - 1e-3);
    if (found) mgskel.select(found);
  };

  mgskel.panels();
  await mgskel.player();
  await mgskel.timeline();
  mgskel.figures();

  document.getElementById("next").addEventListener("click", () => jump(true));
  document.getElementById("previous").addEventListener("click", () => jump(false));

  const keys = {
    " ": () => (clock.playing ? clock.pause() : clock.play()),
    ArrowLeft: (e) => (e.shiftKey ? clock.seek(clock.time - 1) : mgskel.step(-1)),
    ArrowRight: (e) => (e.shiftKey ? clock.seek(clock.time + 1) : mgskel.step(1)),
    Home: () => clock.seek(clock.start), End: () => clock.seek(clock.duration),
    "+": () => mgskel.zoomBy(0.5), "-": () => mgskel.zoomBy(2),
    n: () => jump(true), p: () => jump(false),
  };
  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest("button, select, input, a, summary, .moments");
    if ((busy && event.key !== "n" && event.key !== "p") || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key](event);
  });
  clock.seek(clock.start);
})();
