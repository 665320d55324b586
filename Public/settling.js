import * as api from "./api.js";

/** A slider that has not moved for so long rests. */
const REST_MILLISECONDS = 250;

/**
 * Keeps what is shown true to the overlap that is chosen.
 *
 * The service compares boxes before it cuts them off at the picture's edges; here they come cut off, so that at the
 * edges the page can only estimate which overlap too much. It does while a slider moves, and asks when it rests.
 *
 * @param {import("./store.js").Store} store
 * @param {import("./queue.js").PictureQueue} queue
 */
export function setUpSettling(store, queue) {
  let timer = 0;
  /** @type {Promise<void>|null} */
  let running = null;
  /** @type {WeakMap<object, number>} Answers, and the overlap for which nothing better came. */
  const failed = new WeakMap();
  /** @type {WeakSet<object>} Answers whose broader one is on its way. */
  const broadened = new WeakSet();

  const stale = () =>
    store.state.pictures.filter(
      ({ state, answer, iou }) => state === "done" && iou !== store.state.iou && failed.get(answer) !== store.state.iou,
    );

  async function settle() {
    clearTimeout(timer);
    for (let waiting; (waiting = stale()).length > 0; ) {
      const { iou, currentID } = store.state;
      const picture = waiting.find(({ id }) => id === currentID) ?? waiting[0];
      try {
        queue.replaceAnswer(picture, { ...(await queue.ask(picture, { ...api.BROAD, iou })), iou });
      } catch {
        // The estimate stays; it is a good one.
        failed.set(picture.answer, iou);
      }
    }
  }

  /** Everything that might be shown while the slider moves. */
  async function broaden(picture) {
    if (picture.broad || broadened.has(picture.answer)) return;
    broadened.add(picture.answer);
    try {
      const { answer } = await queue.ask(picture, { ...api.BROAD, iou: 1 });
      queue.replaceAnswer(picture, { broad: answer.payload });
    } catch {
      // Then the slider shows less than there is until it rests.
    }
  }

  const start = () => (running ??= settle().finally(() => (running = null)));

  store.subscribe(["iou", "pictures", "currentID"], ({ currentID }) => {
    const waiting = stale();
    if (waiting.length === 0 || running) return;
    const current = waiting.find(({ id }) => id === currentID);
    if (current) broaden(current);
    clearTimeout(timer);
    timer = setTimeout(start, REST_MILLISECONDS);
  });

  return {
    /** Resolves when every answer is the service's own for what is chosen. */
    settled: () => (stale().length > 0 || running ? start() : Promise.resolve()),
  };
}
