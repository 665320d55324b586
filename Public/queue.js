import * as api from "./api.js";
import { forget } from "./bitmaps.js";

/** Requests in flight. The service processes one picture per core, so more would wait in its queue instead of here. */
const PARALLEL = 2;
const MAXIMUM_ATTEMPTS = 8;

/**
 * @typedef {{kind: "file"} | {kind: "dataset", imageID: string} |
 *   {kind: "processed", imageID: string, steps: import("./api.js").Steps}} Origin
 *
 * @typedef {object} Picture - Immutable; a change replaces the object.
 * @property {number} id
 * @property {string} name
 * @property {Origin} origin
 * @property {Blob|null} blob - The file's bytes, once loaded.
 * @property {"waiting"|"working"|"retrying"|"done"|"failed"|"cancelled"} state
 * @property {number} wait - Seconds until the next attempt, in the state "retrying".
 * @property {import("./api.js").Answer|null} answer
 * @property {import("./api.js").Timing|null} timing
 * @property {number} iou - The overlap threshold of the answer.
 * @property {number} confidence - The confidence of the answer.
 * @property {import("./api.js").Detection[]|null} broad - Detections without suppression, once loaded.
 * @property {boolean} wasPredicted - Whether /predict was called. Later calls might see another processed version.
 * @property {import("./api.js").Problem|null} problem
 */

const NO_ANSWER = { answer: null, timing: null, iou: 0, confidence: 0, broad: null };

const ENDINGS = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
  "image/gif": "gif",
  "image/tiff": "tif",
};

/** Detects objects in the pictures of a store, a few at a time. */
export class PictureQueue {
  #store;
  #lastID = 0;
  /** @type {Map<number, AbortController>} */
  #running = new Map();

  constructor(store) {
    this.#store = store;
  }

  /**
   * Adds pictures, shows the first of them, and starts processing.
   *
   * @param {{name: string, origin: Origin, blob?: Blob}[]} additions
   */
  add(additions) {
    const pictures = additions.map(({ name, origin, blob = null }) => ({
      id: ++this.#lastID,
      name,
      origin,
      blob,
      state: /** @type {const} */ ("waiting"),
      wait: 0,
      wasPredicted: false,
      problem: null,
      ...NO_ANSWER,
    }));
    if (pictures.length === 0) return;
    this.#store.update({ pictures: [...this.#store.state.pictures, ...pictures], currentID: pictures[0].id });
    this.#startNext();
  }

  /** Processes a picture again, after a failure or with another model. */
  again(id) {
    this.#running.get(id)?.abort();
    this.#running.delete(id);
    this.#change(id, { state: "waiting", problem: null, ...NO_ANSWER });
    this.#startNext();
  }

  /** Processes all pictures but the cancelled ones again, because what is searched has changed. */
  allAgain() {
    for (const { id, state } of this.#store.state.pictures) if (state !== "cancelled") this.again(id);
  }

  cancel(id) {
    this.#running.get(id)?.abort();
    this.#running.delete(id);
    this.#change(id, { state: "cancelled" });
    this.#startNext();
  }

  /** Cancels all pictures that are not finished. */
  cancelAll() {
    for (const { id, state } of this.#store.state.pictures) {
      if (isPending(state)) this.cancel(id);
    }
  }

  remove(id) {
    this.#running.get(id)?.abort();
    this.#running.delete(id);
    forget(id);
    const { pictures, currentID } = this.#store.state;
    const index = pictures.findIndex((picture) => picture.id === id);
    const rest = pictures.filter((picture) => picture.id !== id);
    const next = currentID === id ? (rest[Math.min(index, rest.length - 1)]?.id ?? null) : currentID;
    this.#store.update({ pictures: rest, currentID: next });
    this.#startNext();
  }

  #find(id) {
    return this.#store.state.pictures.find((picture) => picture.id === id);
  }

  #change(id, patch) {
    const pictures = this.#store.state.pictures.map((picture) =>
      picture.id === id ? { ...picture, ...patch } : picture,
    );
    this.#store.update({ pictures });
  }

  #startNext() {
    const { pictures, currentID } = this.#store.state;
    const waiting = pictures.filter(({ state }) => state === "waiting");
    // The picture on display goes first.
    waiting.sort((first, second) => Number(second.id === currentID) - Number(first.id === currentID));
    for (const { id } of waiting.slice(0, Math.max(0, PARALLEL - this.#running.size))) this.#run(id);
  }

  async #run(id) {
    const controller = new AbortController();
    const { signal } = controller;
    this.#running.set(id, controller);
    this.#change(id, { state: "working" });
    try {
      const thresholds = wantedThresholds(this.#store.state);
      const { answer, timing } = await this.#attempts(id, { ...api.BROAD, ...thresholds }, signal);
      if (!signal.aborted) this.#change(id, { ...NO_ANSWER, state: "done", answer, timing, ...thresholds });
    } catch (error) {
      const problem = error instanceof api.Problem ? error : new api.Problem({ detail: String(error?.message) });
      if (!signal.aborted) this.#change(id, { state: "failed", problem });
    } finally {
      if (this.#running.get(id) === controller) this.#running.delete(id);
      this.#startNext();
    }
  }

  /** Requests detections, and retries after the time that the service asks for if its queue is full. */
  async #attempts(id, options, signal) {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#fetch(id, signal);
        const picture = this.#find(id);
        const { origin, wasPredicted } = picture;
        if (origin.kind !== "processed" || wasPredicted) return await this.ask(picture, options, signal);
        const first = await api.predict(
          origin.imageID,
          this.#store.state.model,
          { ...requestOptions(this.#store.state), ...options },
          signal,
        );
        this.#change(id, { wasPredicted: true });
        return first;
      } catch (problem) {
        if (problem.status !== 503 || attempt === MAXIMUM_ATTEMPTS) throw problem;
        const wait = Math.max(1, problem.retryAfter);
        this.#change(id, { state: "retrying", wait });
        await pause(wait * 1000, signal);
        this.#change(id, { state: "working" });
      }
    }
  }

  /** Loads a picture's bytes unless they are loaded already. */
  async #fetch(id, signal) {
    const { origin, blob, name } = this.#find(id);
    if (blob) return checkReadable(blob);
    const bytes = await api.picture(origin.imageID, signal);
    const ending = ENDINGS[bytes.type];
    if (!signal.aborted) this.#change(id, { blob: bytes, name: ending ? `${name}.${ending}` : name });
  }

  /**
   * Requests detections without changing the picture's state.
   *
   * @param {Picture} picture - Must have its bytes.
   * @param {object} options - Options of /detect.
   * @param {AbortSignal} [signal]
   */
  ask({ blob }, options, signal) {
    const { state } = this.#store;
    return api.detect(blob, state.model, { ...requestOptions(state), ...options }, signal);
  }

  /** Replaces a picture's answer, unless it has changed in the meantime. */
  replaceAnswer({ id, answer }, patch) {
    if (this.#find(id)?.answer === answer) this.#change(id, patch);
  }
}

export const isPending = (state) => state === "waiting" || state === "working" || state === "retrying";

/**
 * Returns the options that determine what the service searches, of those that the page leaves to it.
 *
 * @param {Readonly<import("./store.js").State>} state
 */
export const requestOptions = ({ size, slices, zones }) => ({
  ...(size ? { size } : {}),
  ...(slices ? { slices: "auto" } : {}),
  ...(Object.keys(zones).length > 0 ? { zones } : {}),
});

/**
 * Returns the thresholds to request. Weak detections are requested too, so that the slider needs no new request; but in
 * slices, they would extend the boxes of strong ones.
 *
 * @param {Readonly<import("./store.js").State>} state
 */
export const wantedThresholds = ({ iou, confidence, slices }) => ({
  iou,
  confidence: slices ? confidence : api.BROAD.confidence,
});

/** Rejects dropped folders and deleted files, for which a request would fail without a useful error. */
async function checkReadable(blob) {
  try {
    await blob.slice(0, 1).arrayBuffer();
  } catch {
    throw new api.Problem({ title: "Not readable", detail: "The file could not be read. Is it a folder?" });
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
