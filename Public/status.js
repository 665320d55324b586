import * as api from "./api.js";
import { byID } from "./dom.js";

const INTERVAL_MILLISECONDS = 3000;

/** Returns the sum of a metric's series in Prometheus text format. */
export function metric(text, name) {
  let sum = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) sum += Number(line.slice(line.lastIndexOf(" ")));
  }
  return sum;
}

/** Updates the service's status every few seconds while the page is visible. */
export function setUpStatus() {
  let timer = 0;
  /** @type {{pictures: number, time: number}|null} */
  let last = null;

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    const [readiness, metrics] = await Promise.allSettled([api.readiness(), api.metrics()]);
    showReadiness(readiness);
    if (metrics.status === "fulfilled") {
      const pictures = metric(metrics.value, "osprey_pictures_total");
      const time = performance.now();
      byID("queue").textContent = String(metric(metrics.value, "osprey_queue_depth"));
      // The counter is reset when the service restarts.
      const rate = last && pictures >= last.pictures ? ((pictures - last.pictures) / (time - last.time)) * 1000 : 0;
      byID("rate").textContent = rate.toFixed(1);
      last = { pictures, time };
    } else {
      last = null;
      byID("queue").textContent = byID("rate").textContent = "–";
    }
    if (!document.hidden) timer = setTimeout(look, INTERVAL_MILLISECONDS);
  }

  document.addEventListener("visibilitychange", () => {
    // A rate averaged over the hidden time would be misleading.
    last = null;
    look();
  });
  look();
}

/** @param {PromiseSettledResult<{status: string}>} outcome */
function showReadiness(outcome) {
  const node = byID("readiness");
  if (outcome.status === "fulfilled") {
    const isWhole = outcome.value.status === "ok";
    node.dataset.level = isWhole ? "good" : "warning";
    node.textContent = isWhole ? "Ready" : "Ready, store unavailable";
  } else {
    node.dataset.level = "bad";
    // There is no status if there was no response.
    node.textContent = outcome.reason.status ? "Not ready" : "Unreachable";
  }
}
