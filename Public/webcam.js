import * as api from "./api.js";
import { byID, counted, element } from "./dom.js";
import { paintDetections, pictureStyle } from "./overlay.js";

const LONGEST_SIDE = 1280;
const QUALITY = 0.8;
const OPTIONS = { confidence: 0.25 };

/**
 * Sets up the visitor's own camera: its pictures are sent to the service one by one, and nothing else is.
 *
 * @param {(message: string) => void} announce
 */
export function setUpWebcam(announce) {
  const button = byID("webcam");
  /** @type {AbortController|null} */
  let running = null;

  button.addEventListener("click", async () => {
    if (running) return running.abort();
    running = new AbortController();
    button.setAttribute("aria-pressed", "true");
    const card = makeCard(() => running?.abort());
    byID("cameras").prepend(card.node);
    try {
      await watch(card, running.signal);
    } catch (problem) {
      if (!running.signal.aborted) {
        byID("connection").textContent = explained(problem);
        announce(explained(problem));
      }
    } finally {
      card.node.remove();
      running = null;
      button.setAttribute("aria-pressed", "false");
      button.focus();
    }
  });
}

function makeCard(stop) {
  const canvas = element("canvas", { role: "img", "aria-label": "This device: no picture yet" });
  const state = element("span", { class: "camera-state quiet-text" }, "Starting…");
  const reason = element("p", { class: "reason" });
  const end = element("button", { type: "button", click: stop }, "Stop");
  const node = element(
    "li",
    { class: "camera-card", "data-stream": "" },
    element("div", { class: "camera-head" }, element("h3", {}, "This device"), state),
    canvas,
    reason,
    element("div", { class: "buttons" }, end),
  );
  return { node, canvas, state, reason };
}

/** Sends pictures until the signal; throws if there is no camera. */
async function watch({ canvas, state, reason }, signal) {
  if (!navigator.mediaDevices) throw new Error("insecure");
  const media = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: LONGEST_SIDE } }, audio: false });
  try {
    const video = element("video", { playsinline: true });
    video.muted = true;
    video.srcObject = media;
    await video.play();
    state.dataset.phase = "running";
    let last = performance.now();
    while (!signal.aborted) {
      const frame = taken(video);
      const blob = await new Promise((resolve) => frame.toBlob(resolve, "image/jpeg", QUALITY));
      try {
        const { answer } = await api.detect(blob, null, OPTIONS, signal);
        reason.textContent = "";
        paint(canvas, frame, answer);
        const now = performance.now();
        state.textContent = `${counted(answer.payload.length, "object")}, ${(1000 / (now - last)).toFixed(1)} pictures/s`;
        last = now;
      } catch (problem) {
        if (signal.aborted) return;
        if (problem.status === 401) throw problem;
        // Busy or away: the next picture is a new try.
        reason.textContent = problem.message;
        await pause(1000 * Math.max(1, problem.retryAfter ?? 0), signal);
      }
      while (document.hidden && !signal.aborted) await pause(1000, signal);
    }
  } finally {
    for (const track of media.getTracks()) track.stop();
  }
}

/** Waits, but not beyond the signal. */
const pause = (milliseconds, signal) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve, { once: true });
  });

/** The video's picture now, no larger than is useful. */
function taken(video) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
  const frame = document.createElement("canvas");
  frame.width = Math.round(video.videoWidth * scale);
  frame.height = Math.round(video.videoHeight * scale);
  frame.getContext("2d").drawImage(video, 0, 0, frame.width, frame.height);
  return frame;
}

function paint(canvas, frame, { payload }) {
  canvas.style.aspectRatio = `${frame.width} / ${frame.height}`;
  [canvas.width, canvas.height] = [frame.width, frame.height];
  const context = canvas.getContext("2d");
  context.drawImage(frame, 0, 0);
  const style = pictureStyle(frame.width, frame.height, payload);
  paintDetections(context, payload, { view: { scale: 1, x: 0, y: 0 }, style, masks: true, labels: true, highlighted: null });
  canvas.setAttribute("aria-label", `This device: ${counted(payload.length, "object")}`);
  canvas.dataset.painted = String(payload.length);
}

/** Why there is no picture, and what to do. */
function explained({ name, message }) {
  switch (name) {
    case "NotAllowedError": return "The browser does not allow this page to use the camera: allow it beside the address.";
    case "NotFoundError": return "This device has no camera.";
    case "NotReadableError": return "Another program uses the camera.";
    default: return message === "insecure" ? "Browsers allow the camera only for https and localhost." : message;
  }
}
