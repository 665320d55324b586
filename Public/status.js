import * as api from "./api.js";
import { byID } from "./dom.js";

const INTERVAL_MILLISECONDS = 3000;

/** The sum of a metric's series in Prometheus' text format. */
export function metric(text, name) {
  let sum = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) sum += Number(line.slice(line.lastIndexOf(" ")));
  }
  return sum;
}

/** Says every few seconds how the service is, while somebody may be looking. */
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
      // After a restart the count begins anew.
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
    // A rate over the time that nobody looked would mislead.
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
    node.textContent = isWhole ? "Ready" : "Ready, without its store";
  } else {
    node.dataset.level = "bad";
    // Without a status nobody answered.
    node.textContent = outcome.reason.status ? "Not ready" : "Not reachable";
  }
}
