import * as api from "./api.js";
import { wantedThresholds } from "./queue.js";

/** Time without movement after which a slider counts as settled. */
const REST_MILLISECONDS = 250;

/**
 * Updates answers to the selected overlap.
 *
 * The service suppresses boxes before it clips them to the picture, but the page only has clipped boxes. Its own
 * suppression is therefore an estimate at the edges. The page shows the estimate while the slider moves, and requests
 * the exact answer once it settles.
 *
 * @param {import("./store.js").Store} store
 * @param {import("./queue.js").PictureQueue} queue
 */
export function setUpSettling(store, queue) {
  let timer = 0;
  /** @type {Promise<void>|null} */
  let running = null;
  /** @type {WeakMap<object, string>} Answers whose update failed, and the thresholds of the failed request. */
  const failed = new WeakMap();
  /** @type {WeakSet<object>} Answers for which all detections have been requested. */
  const broadened = new WeakSet();

  const stale = () => {
    const wanted = wantedThresholds(store.state);
    return store.state.pictures.filter(
      ({ state, answer, iou, confidence }) =>
        state === "done" &&
        (iou !== wanted.iou || confidence !== wanted.confidence) &&
        failed.get(answer) !== JSON.stringify(wanted),
    );
  };

  async function settle() {
    clearTimeout(timer);
    for (let waiting; (waiting = stale()).length > 0; ) {
      const { currentID } = store.state;
      const wanted = wantedThresholds(store.state);
      const picture = waiting.find(({ id }) => id === currentID) ?? waiting[0];
      try {
        queue.replaceAnswer(picture, { ...(await queue.ask(picture, { ...api.BROAD, ...wanted })), ...wanted });
      } catch {
        // Keep the estimate, which is close to exact.
        failed.set(picture.answer, JSON.stringify(wanted));
      }
    }
  }

  /** Requests the detections at any overlap, which are needed while the slider moves. */
  async function broaden(picture) {
    // In slices, the estimate is not worth a request.
    if (picture.broad || broadened.has(picture.answer) || store.state.slices) return;
    broadened.add(picture.answer);
    try {
      const { answer } = await queue.ask(picture, { ...api.BROAD, iou: 1 });
      queue.replaceAnswer(picture, { broad: answer.payload });
    } catch {
      // Until the slider settles, some detections may be missing.
    }
  }

  const start = () => (running ??= settle().finally(() => (running = null)));

  store.subscribe(["iou", "confidence", "pictures", "currentID"], ({ currentID }) => {
    const waiting = stale();
    if (waiting.length === 0 || running) return;
    const current = waiting.find(({ id }) => id === currentID);
    if (current) broaden(current);
    clearTimeout(timer);
    timer = setTimeout(start, REST_MILLISECONDS);
  });

  return {
    /** Resolves when every answer is exact for the selected overlap. */
    settled: () => (stale().length > 0 || running ? start() : Promise.resolve()),
  };
}
