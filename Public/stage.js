import { bitmap } from "./bitmaps.js";
import { byID, counted, focusNext } from "./dom.js";
import { isPending } from "./queue.js";
import { shown } from "./selection.js";
import { currentPicture } from "./store.js";
import { showTiming } from "./timing.js";
import { Viewer } from "./viewer.js";

/** What went wrong in a few words, and what a person can do where the service's own leave it open. */
const WORDS = {
  0: ["No answer", "Check that the service runs and that you can reach it, then try again."],
  401: ["A key is needed", "Try again, and give a key that the service knows."],
  413: ["Too large", "Make it smaller, then drop it again."],
  415: ["Not a picture", ""],
  422: ["Not readable", "The file may be damaged. Save it again where it comes from, or choose another."],
  503: ["Busy", "The service has much to do. Try again in a moment."],
  504: ["Too slow", "The service has much to do. Try again in a moment."],
};
const OTHER_WORDS = [
  "That did not work",
  "If it stays like this, give the request’s number to whoever runs the service.",
];

/**
 * The picture that is shown, and how far the service is with it.
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
    state === "retrying" ? `The service is busy. Next try in ${wait} s` : "Looking for objects";
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
      // What the list has in focus stays lit.
      if (!byID("objects").contains(document.activeElement)) store.update({ highlighted: hovered });
    },
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
    // Meanwhile another picture may have been chosen.
    if (ownTurn !== turn) return;
    viewer.setPicture(image);
    byID("unreadable").hidden = image !== null || picture?.state !== "done";
  });
  store.subscribe(["pictures", "currentID", "confidence", "iou", "classes", "masks", "labels"], (state) => {
    const picture = currentPicture(state);
    const detections = shown(picture, state);
    viewer.setDetections(detections, { masks: state.masks, labels: state.labels });
    byID("marks").setAttribute(
      "aria-label",
      picture ? `${picture.name} with ${counted(detections.length, "object")} marked` : "No picture",
    );
  });
  store.subscribe(["highlighted"], ({ highlighted }) => viewer.highlight(highlighted));
}
