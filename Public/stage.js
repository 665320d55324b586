import { bitmap } from "./bitmaps.js";
import { byID, counted, focusNext } from "./dom.js";
import { isPending } from "./queue.js";
import { SELECTION, shown } from "./selection.js";
import { currentPicture } from "./store.js";
import { showTiming } from "./timing.js";
import { Viewer } from "./viewer.js";
import { addCorner } from "./zones.js";

/** Titles of problems by status, and advice for the user if the service's detail does not suffice. */
const WORDS = {
  0: ["No response", "Check that the service is running and reachable, then try again."],
  401: ["API key required", "Try again with a valid key."],
  413: ["Too large", "Reduce the size of the picture, then try again."],
  415: ["Unsupported file", ""],
  422: ["Unreadable picture", "The file may be damaged. Export it again, or choose another picture."],
  503: ["Service busy", "The service is overloaded. Try again in a moment."],
  504: ["Timed out", "The service is overloaded. Try again in a moment."],
};
const OTHER_WORDS = [
  "Something went wrong",
  "If the problem persists, send the request ID to the operator of the service.",
];

/**
 * Sets up the stage: the current picture and its progress.
 *
 * @param {import("./store.js").Store} store
 * @param {import("./queue.js").PictureQueue} queue
 * @param {(detection: import("./api.js").Detection) => void} focusOn - Moves the focus to a detection in the list.
 */
export function setUpStage(store, queue, focusOn) {
  for (const [id, act] of [["again", "again"], ["resume", "again"], ["cancel", "cancel"], ["close", "remove"]]) {
    byID(id).addEventListener("click", () => {
      queue[act](store.state.currentID);
      focusNext(...["cancel", "resume", "close", "choose"].map(byID));
    });
  }
  store.subscribe(["pictures", "currentID"], (state) => showProgress(currentPicture(state)));
  setUpViewer(store, focusOn);
}

/** @param {import("./queue.js").Picture|undefined} picture */
function showProgress(picture) {
  document.body.classList.toggle("has-picture", picture !== undefined);
  byID("welcome").hidden = picture !== undefined;
  for (const id of ["stage-head", "inspector", "details", "picture", "marks"]) byID(id).hidden = picture === undefined;
  showTiming(picture?.timing ?? null);
  byID("stage").setAttribute("aria-busy", String(isPending(picture?.state)));
  byID("exports").hidden = !picture?.answer;
  byID("busy").hidden = !isPending(picture?.state);
  byID("cancelled").hidden = picture?.state !== "cancelled";
  byID("problem").hidden = picture?.state !== "failed";
  byID("tools").hidden = picture?.state === "failed";
  if (!picture) return;

  const { name, state, wait, answer, problem } = picture;
  byID("picture-name").textContent = name;
  byID("picture-size").textContent = answer ? `${answer.width} × ${answer.height} px` : "";
  byID("busy-text").textContent =
    state === "retrying" ? `The service is busy. Retrying in ${wait} s` : "Detecting objects";
  if (problem) showProblem(problem);
}

/** @param {import("./api.js").Problem} problem */
function showProblem(problem) {
  const [title, advice] = WORDS[problem.status] ?? OTHER_WORDS;
  byID("problem-title").textContent = title;
  byID("problem-detail").textContent = problem.message;
  byID("problem-advice").textContent = advice;
  byID("problem-request").textContent = problem.requestID ? `Request ${problem.requestID}` : "";
}

function setUpViewer(store, focusOn) {
  const viewer = new Viewer(byID("viewport"), byID("picture"), byID("marks"), {
    onZoom: (percent) => (byID("zoom").textContent = `${percent} %`),
    onHover: (hovered) => {
      // The detection that has the focus in the list stays highlighted.
      if (!byID("objects").contains(document.activeElement)) store.update({ highlighted: hovered });
    },
    onPoint: (point) => addCorner(store, point),
    onPick: (picked) => {
      store.update({ highlighted: picked });
      if (picked) focusOn(picked);
    },
  });
  byID("zoom-in").addEventListener("click", () => viewer.zoom(1));
  byID("zoom-out").addEventListener("click", () => viewer.zoom(-1));
  byID("fit").addEventListener("click", () => viewer.fit());
  byID("actual-size").addEventListener("click", () => viewer.actualSize());

  let turn = 0;
  store.subscribe(["pictures", "currentID"], async (state) => {
    const picture = currentPicture(state);
    const ownTurn = ++turn;
    const image = picture?.blob && picture.state !== "failed" ? await bitmap(picture) : null;
    // Another picture may have been selected in the meantime.
    if (ownTurn !== turn) return;
    viewer.setPicture(image);
    byID("unreadable").hidden = image !== null || picture?.state !== "done";
  });
  store.subscribe([...SELECTION, "masks", "labels"], (state) => {
    const picture = currentPicture(state);
    const detections = shown(picture, state);
    viewer.setDetections(detections, { masks: state.masks, labels: state.labels });
    byID("marks").setAttribute(
      "aria-label",
      picture ? `${picture.name} with ${counted(detections.length, "object")} marked` : "No picture",
    );
  });
  store.subscribe(["highlighted"], ({ highlighted }) => viewer.highlight(highlighted));
  store.subscribe(["zones", "draft"], ({ zones, draft }) => viewer.setZones(zones, draft));
}
