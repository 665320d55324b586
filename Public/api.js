/**
 * Client of the service that serves this page. Calls return the response's contents or throw a {@link Problem}.
 *
 * @module
 */

/** The service's base URL; a proxy may serve it below a path. */
export const root = new URL("../", import.meta.url);

const STORAGE_NAME = "osprey.api-key";
const LONGEST_WAIT_SECONDS = 60;

/** Options of the page's requests: broader than what it shows, so that its sliders need no new request. */
export const BROAD = { confidence: 0.05, max_detections: 1000 };

/** Maximum number of detections that the page shows, which is the service's default. */
export const MAXIMUM_DETECTIONS = 300;

/** A polygon tolerance in pixels that is invisible and halves the size of a response. */
const POLYGONS = { masks: "polygon", polygon_tolerance: 0.5 };

/**
 * @typedef {object} Detection
 * @property {string} class
 * @property {number} class_id
 * @property {number} score
 * @property {{origin: [number, number], size: [number, number]}} bbox - In pixels of the upright picture.
 * @property {{polygons: number[][]}} [segmentation]
 * @property {string[]} [zones] - Names of the zones that it is in.
 *
 * @typedef {object} Answer
 * @property {string} request_id
 * @property {number} compute_time - In seconds.
 * @property {string} model
 * @property {number} width
 * @property {number} height
 * @property {Detection[]} payload - Best first.
 * @property {number} [slices] - Number of slices, if they were requested.
 *
 * @typedef {object} Timing
 * @property {{name: string, milliseconds: number}[]} stages
 * @property {number} total - Milliseconds in the service.
 * @property {number} roundTrip - Milliseconds until the response was received.
 *
 * @typedef {{name: string, task: "detect"|"segment", classes: string[], resizable: boolean}} Model
 *
 * @typedef {{crop?: object, rotate?: number, flip?: string, scaling_factor?: number, grayscale?: boolean}} Steps
 */

/** A failed request, with the service's problem details (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {{status?: number, title?: string, detail?: string, instance?: string}} body
   * @param {number} [retryAfter] - Seconds.
   */
  constructor({ status = 0, title = "", detail = "", instance = "" }, retryAfter = 0) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.requestID = instance;
    this.retryAfter = retryAfter;
  }
}

let key = readKey();
/** @type {(refusal: string|null) => Promise<string|null>} */
let askForKey = async () => null;
/** @type {Promise<boolean>|null} */
let asking = null;

/** Whether requests are sent with an API key. */
export const hasKey = () => key !== null;

/**
 * Sets the function that asks the user for an API key when the service requires one.
 *
 * @param {(refusal: string|null) => Promise<string|null>} ask - Receives the reason why the last key was rejected, or
 *   null if there was none; returns the key, or null if the user declines.
 */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

function readKey() {
  try {
    return sessionStorage.getItem(STORAGE_NAME);
  } catch {
    return null;
  }
}

/** Asks only once, even if several requests are rejected at the same time. */
function obtainKey(refusal) {
  asking ??= askForKey(refusal).then((given) => {
    asking = null;
    if (given === null) return false;
    key = given;
    try {
      sessionStorage.setItem(STORAGE_NAME, given);
    } catch {
      // Without storage, the key is kept until the page is closed.
    }
    return true;
  });
  return asking;
}

/**
 * Sends a request, and asks for an API key if the service requires one.
 *
 * @param {string} path - Relative to the service's base URL.
 * @param {{method?: string, query?: object, json?: object, body?: BodyInit, accept?: string, signal?: AbortSignal,
 *   quiet?: boolean}} [options] - Quiet requests never ask for a key.
 */
async function send(path, options = {}) {
  const { method, query, json, body, accept = "application/json", signal, quiet } = options;
  const url = address(path, query);
  for (;;) {
    const sentKey = key;
    const headers = { Accept: accept };
    if (json) headers["Content-Type"] = "application/json";
    if (sentKey !== null) headers["X-API-Key"] = sentKey;
    let response;
    try {
      response = await fetch(url, { method, headers, body: json ? JSON.stringify(json) : body, signal });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Problem({ title: "No response", detail: "The service did not respond." });
    }
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.status !== 401 || quiet) throw problem;
    // Retry if another request obtained a key in the meantime.
    if (key === sentKey && !(await obtainKey(sentKey === null ? null : problem.message))) throw problem;
  }
}

/**
 * Returns the URL of a call.
 *
 * @param {string} path
 * @param {Record<string, any>} [query] - Members that are null or undefined are omitted.
 */
export function address(path, query = {}) {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined) continue;
    url.searchParams.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return url.href;
}

async function problemOf(response) {
  const retryAfter = Math.min(Number(response.headers.get("Retry-After")) || 0, LONGEST_WAIT_SECONDS);
  let body = { title: response.statusText, detail: `The service returned status ${response.status}.` };
  try {
    body = await response.json();
  } catch {
    // The response came from a proxy in front of the service.
  }
  return new Problem({ ...body, status: response.status }, retryAfter);
}

/** @param {string|null} header - The value of the Server-Timing header. */
export function parseTiming(header, roundTrip) {
  const entries = (header ?? "").split(",").flatMap((item) => {
    const [, name, duration] = /^\s*([\w-]+);dur=([\d.]+)/.exec(item) ?? [];
    return name ? [{ name, milliseconds: Number(duration) }] : [];
  });
  const total = entries.find(({ name }) => name === "total")?.milliseconds ?? 0;
  return { stages: entries.filter(({ name }) => name !== "total"), total, roundTrip };
}

/** @returns {Promise<{answer: Answer, timing: Timing}>} */
async function timed(path, options) {
  const start = performance.now();
  const response = await send(path, { method: "POST", ...options });
  const answer = await response.json();
  return { answer, timing: parseTiming(response.headers.get("Server-Timing"), performance.now() - start) };
}

/** The query of /detect, also used in copied commands. */
export const detectQuery = (model, options) => ({ model, ...options, ...POLYGONS });

/** The body of /predict, also used in copied commands. */
export const predictBody = (imageID, model, options) => ({
  image_id: imageID,
  ...(model ? { model } : {}),
  ...options,
  ...POLYGONS,
  image: "none",
});

/** Detects objects in a picture that the page sends. */
export const detect = (blob, model, options, signal) =>
  timed("detect", { query: detectQuery(model, options), body: blob, signal });

/** Detects objects in the processed version of a picture that the service has. */
export const predict = (imageID, model, options, signal) =>
  timed("predict", { json: predictBody(imageID, model, options), signal });

/**
 * Returns a picture as decoded by the service, for formats that the browser does not support.
 *
 * With a confidence of 1 there are no detections, so nothing is drawn on the picture.
 */
export async function decoded(blob, signal) {
  const query = { confidence: 1, masks: "none" };
  const response = await send("detect", { method: "POST", query, body: blob, accept: "image/jpeg", signal });
  return response.blob();
}

/** @returns {Promise<{default: string, models: Model[]}>} */
export const models = async () => (await send("models")).json();

/** @returns {Promise<{images: {id: string}[], next?: string}>} */
export const images = async (source, limit, cursor) =>
  (await send("images", { query: { source, limit, cursor } })).json();

/** Downloads a picture that the service has. */
export const picture = async (imageID, signal) =>
  (await send(`get_image/${imageID}`, { accept: "image/*", signal })).blob();

export const pictureAddress = (imageID) => address(`get_image/${imageID}`);

/**
 * Creates the processed version of a picture, which /predict uses.
 *
 * @param {string} imageID
 * @param {Steps} steps
 */
export const process = async (imageID, steps) =>
  (await send("process_image", { method: "POST", json: { image_id: imageID, ...steps }, accept: "image/jpeg" })).blob();

/** @returns {Promise<{status: string}>} */
export const readiness = async () => (await send("readyz", { quiet: true })).json();

/** @returns {Promise<string>} */
export const metrics = async () => (await send("metrics", { accept: "text/plain", quiet: true })).text();

/**
 * @typedef {object} Stream
 * @property {string} name
 * @property {Record<string, any>} configuration - Without secrets; put back, it keeps them.
 * @property {{phase: string, reason?: string, objects: number, width?: number, height?: number}} state
 *
 * @typedef {object} StreamEvent
 * @property {string} id
 * @property {string} stream
 * @property {"appeared"|"moved"|"crossed"|"stayed"|"left"} event
 * @property {string} class
 * @property {number} track
 * @property {number} time - Seconds since 1970.
 * @property {number} age - Seconds.
 * @property {string[]} entered
 * @property {Record<string, number>} exited
 * @property {Record<string, string>} [crossed]
 * @property {string[]} [stayed]
 * @property {string} [snapshot] - Path of a picture.
 *
 * @typedef {{stream: string, time: number, width: number, height: number, payload: Detection[]}} Moment
 */

const streamPath = (name) => `streams/${encodeURIComponent(name)}`;

/** @returns {Promise<Stream[]>} */
export const streams = async () => (await (await send("streams")).json()).streams;

/** Watches a camera, or changes how it is watched. */
export const putStream = (name, configuration) => send(streamPath(name), { method: "PUT", json: configuration });

export const deleteStream = (name) => send(streamPath(name), { method: "DELETE" });

/**
 * Returns a stream's last picture and its time.
 *
 * @returns {Promise<{blob: Blob, time: number}>}
 */
export async function snapshot(name, signal) {
  const response = await send(`${streamPath(name)}/snapshot`, { query: { boxes: false }, accept: "image/jpeg", signal });
  return { blob: await response.blob(), time: Number(response.headers.get("Osprey-Time")) };
}

/** @returns {Promise<StreamEvent[]>} The last events of all streams, oldest first. */
export const recentEvents = async (limit) => (await (await send("events", { query: { limit } })).json()).events;

/** Downloads the picture of an event. */
export const eventPicture = async (path) => (await send(path.replace(/^\//, ""), { accept: "image/jpeg" })).blob();

/**
 * Returns what happens in all streams from now on, until the connection ends.
 *
 * Not an EventSource, which cannot send an API key.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<AsyncGenerator<{kind: string, data: any}>>} Events, and the objects of each picture.
 */
export async function happenings(signal) {
  const response = await send("events", { query: { objects: true }, accept: "text/event-stream", signal });
  return messages(response.body.pipeThrough(new TextDecoderStream()).getReader());
}

async function* messages(reader) {
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const whole = text.split("\n\n");
    text = whole.pop() ?? "";
    for (const message of whole) {
      const [, kind, data] = /^event: (\w+)\n(?:id: .*\n)?data: (.*)$/.exec(message) ?? [];
      if (kind) yield { kind, data: JSON.parse(data) };
    }
  }
}
