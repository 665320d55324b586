import { classColor } from "./colors.js";
import { byID, counted, element } from "./dom.js";
import { isPending } from "./queue.js";
import { SELECTION, found, shown } from "./selection.js";
import { currentPicture } from "./store.js";

/** Delay of announcements, so that a moving slider announces only its final result. */
const REST_MILLISECONDS = 500;
const ANNOUNCED_CLASSES = 8;

/**
 * Sets up the results of the current picture: a count, and a list that highlights the hovered or focused detection.
 *
 * @param {import("./store.js").Store} store
 * @param {(message: string) => void} announce
 */
export function setUpResults(store, announce) {
  const list = byID("objects");
  /** @type {WeakMap<object, HTMLElement>} Rows are reused for the same detections, so that they keep the focus. */
  const rows = new WeakMap();
  /** @type {import("./api.js").Detection[]} */
  let detections = [];
  /** @type {import("./api.js").Detection|null} */
  let focused = null;
  let timer = 0;

  function rowOf(detection) {
    if (!rows.has(detection)) rows.set(detection, makeRow(detection));
    return rows.get(detection);
  }

  const detectionAt = ({ target }) => {
    const row = target.closest("li");
    return detections.find((detection) => rows.get(detection) === row) ?? null;
  };
  const light = (detection) => store.update({ highlighted: detection });

  list.addEventListener("focusin", (event) => {
    focused = detectionAt(event);
    light(focused);
  });
  list.addEventListener("focusout", () => {
    focused = null;
    light(null);
  });
  list.addEventListener("pointerover", (event) => light(detectionAt(event) ?? focused));
  list.addEventListener("pointerleave", () => light(focused));
  list.addEventListener("click", ({ target }) => target.closest("li")?.focus());
  list.addEventListener("keydown", (event) => {
    if (event.key === "Escape") light(null);
    const index = detections.indexOf(focused);
    const targets = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: Infinity };
    if (!(event.key in targets) || detections.length === 0) return;
    event.preventDefault();
    rowOf(detections[Math.max(0, Math.min(targets[event.key], detections.length - 1))]).focus();
  });

  store.subscribe(SELECTION, (state) => {
    const picture = currentPicture(state);
    const isKnown = Boolean(picture?.answer);
    detections = shown(picture, state);
    if (!detections.includes(state.highlighted)) light(null);

    byID("count").hidden = !isKnown;
    byID("count").textContent = String(detections.length);
    byID("count-noun").textContent = isKnown ? (detections.length === 1 ? "object" : "objects") : "No result";
    byID("found-note").textContent = note(picture, found(picture, state).length, detections.length);
    list.replaceChildren(...detections.map(rowOf));
    list.hidden = detections.length === 0;
    makeOneTabStop(list, rows.get(state.highlighted));

    clearTimeout(timer);
    if (isKnown) timer = setTimeout(() => announce(summary(picture.name, detections)), REST_MILLISECONDS);
  });

  store.subscribe(["highlighted"], ({ highlighted }) => {
    const row = rows.get(highlighted);
    for (const other of list.children) other.setAttribute("aria-selected", String(other === row));
    makeOneTabStop(list, row);
    if (!row) return;
    // scrollIntoView would also scroll the page, away from the picture.
    const top = row.offsetTop - list.offsetTop;
    list.scrollTop = Math.min(top, Math.max(list.scrollTop, top + row.offsetHeight - list.clientHeight));
  });

  return { focusOn: (detection) => rows.get(detection)?.focus({ preventScroll: true }) };
}

function note(picture, foundCount, shownCount) {
  if (!picture?.answer) return picture && isPending(picture.state) ? "Detecting…" : "";
  if (foundCount === 0) return "No objects above this confidence. Lower it to see weaker detections.";
  if (shownCount < foundCount) return `of ${foundCount} found`;
  const { model, width, height } = picture.answer;
  return `by ${model} in ${width} × ${height} pixels`;
}

function summary(name, detections) {
  const counts = new Map();
  for (const detection of detections) counts.set(detection.class, (counts.get(detection.class) ?? 0) + 1);
  const classes = [...counts].slice(0, ANNOUNCED_CLASSES).map(([label, count]) => `${count} ${label}`);
  return `${counted(detections.length, "object")} in ${name}${classes.length ? `: ${classes.join(", ")}` : ""}.`;
}

function makeRow(detection) {
  const percent = Math.round(detection.score * 100);
  const swatch = element("span", { class: "swatch" });
  swatch.style.backgroundColor = classColor(detection.class_id);
  const level = element("span", { class: "level" });
  level.style.width = `${percent}%`;
  const label = `${detection.class}, ${percent} percent`;
  return element(
    "li",
    { role: "option", tabindex: "-1", "aria-selected": "false", "aria-label": label },
    swatch,
    element("span", { class: "name" }, detection.class),
    element("span", { class: "track" }, level),
    element("span", { class: "score" }, detection.score.toFixed(2)),
  );
}

/** Makes the list a single tab stop; arrow keys move within it. */
function makeOneTabStop(list, preferred) {
  const chosen = preferred?.parentNode === list ? preferred : list.firstElementChild;
  for (const row of list.children) row.tabIndex = row === chosen ? 0 : -1;
}
