/**
 * The service that this page came from. Calls answer what they are for, or throw a {@link Problem}.
 *
 * @module
 */

/** The service's address; it may be behind a proxy's path. */
export const root = new URL("../", import.meta.url);

const STORAGE_NAME = "osprey.api-key";
const LONGEST_WAIT_SECONDS = 60;

/** What the page asks for: more than it shows, so that its sliders show the rest at once. */
export const BROAD = { confidence: 0.05, max_detections: 1000 };

/** How many detections the page shows, as many as the service answers by default. */
export const MAXIMUM_DETECTIONS = 300;

/** Outlines may be off by this many pixels, which halves an answer and nobody sees. */
const POLYGONS = { masks: "polygon", polygon_tolerance: 0.5 };

/**
 * @typedef {object} Detection
 * @property {string} class
 * @property {number} class_id
 * @property {number} score
 * @property {{origin: [number, number], size: [number, number]}} bbox - In pixels of the upright picture.
 * @property {{polygons: number[][]}} [segmentation]
 *
 * @typedef {object} Answer
 * @property {string} request_id
 * @property {number} compute_time - In seconds.
 * @property {string} model
 * @property {number} width
 * @property {number} height
 * @property {Detection[]} payload - Best first.
 *
 * @typedef {object} Timing
 * @property {{name: string, milliseconds: number}[]} stages
 * @property {number} total - Milliseconds in the service.
 * @property {number} roundTrip - Milliseconds until the answer was here.
 *
 * @typedef {{name: string, task: "detect"|"segment", classes: string[]}} Model
 *
 * @typedef {{crop?: object, rotate?: number, flip?: string, scaling_factor?: number, grayscale?: boolean}} Steps
 */

/** Why a request was not done, in the service's own words (RFC 9457). */
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

/** Whether requests carry a key. */
export const hasKey = () => key !== null;

/**
 * Says how to ask for a key, where the service wants one.
 *
 * @param {(refusal: string|null) => Promise<string|null>} ask - Is told why the last key was refused, null where there
 *   was none; answers null when nobody gives one.
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

/** Asks once, however many requests were refused meanwhile. */
function obtainKey(refusal) {
  asking ??= askForKey(refusal).then((given) => {
    asking = null;
    if (given === null) return false;
    key = given;
    try {
      sessionStorage.setItem(STORAGE_NAME, given);
    } catch {
      // Then it holds until the page is left.
    }
    return true;
  });
  return asking;
}

/**
 * @param {string} path - Relative to the service's address.
 * @param {{method?: string, query?: object, json?: object, body?: BodyInit, accept?: string, signal?: AbortSignal,
 *   quiet?: boolean}} [options] - A quiet request does not ask for a key.
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
      throw new Problem({ title: "No answer", detail: "The service did not answer." });
    }
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.status !== 401 || quiet) throw problem;
    // A key that came while this request was on its way is worth another try.
    if (key === sentKey && !(await obtainKey(sentKey === null ? null : problem.message))) throw problem;
  }
}

/**
 * The address of a call.
 *
 * @param {string} path
 * @param {Record<string, any>} [query] - Members that are null or undefined are left out.
 */
export function address(path, query = {}) {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

async function problemOf(response) {
  const retryAfter = Math.min(Number(response.headers.get("Retry-After")) || 0, LONGEST_WAIT_SECONDS);
  let body = { title: response.statusText, detail: `The service answered ${response.status}.` };
  try {
    body = await response.json();
  } catch {
    // Not from the service, but from a proxy before it.
  }
  return new Problem({ ...body, status: response.status }, retryAfter);
}

/** @param {string|null} header - The value of Server-Timing. */
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

/** The query of /detect for thresholds; also what a copied command says. */
export const detectQuery = (model, options) => ({ model, ...options, ...POLYGONS });

/** The body of /predict, likewise. */
export const predictBody = (imageID, model, options) => ({
  image_id: imageID,
  ...(model ? { model } : {}),
  ...options,
  ...POLYGONS,
  image: "none",
});

/** Finds what is in a picture of one's own. */
export const detect = (blob, model, options, signal) =>
  timed("detect", { query: detectQuery(model, options), body: blob, signal });

/** Finds what is in the processed version of a picture that the service has. */
export const predict = (imageID, model, options, signal) =>
  timed("predict", { json: predictBody(imageID, model, options), signal });

/**
 * A picture as the service decodes it, for browsers that cannot.
 *
 * No score exceeds 1, so nothing is drawn on it.
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

/** The bytes of a picture that the service has. */
export const picture = async (imageID, signal) =>
  (await send(`get_image/${imageID}`, { accept: "image/*", signal })).blob();

export const pictureAddress = (imageID) => address(`get_image/${imageID}`);

/**
 * Makes the version of a picture that /predict looks at.
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
