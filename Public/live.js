import * as api from "./api.js";
import { CameraCard } from "./cameracard.js";
import { byID, focusNext } from "./dom.js";
import { setUpEventList } from "./eventlist.js";
import { askForKey } from "./keydialog.js";
import { setUpStatus } from "./status.js";
import { setUpThemeSwitch } from "./themeswitch.js";
import { setUpWebcam } from "./webcam.js";

/** How often the list of streams is read, which another page may have changed. */
const INTERVAL_MILLISECONDS = 4000;
const PAUSE_MILLISECONDS = 2000;

/** @type {Map<string, CameraCard>} */
const cards = new Map();

/** Announces a message to screen readers. */
function announce(message) {
  byID("announcement").textContent = message;
}

/** Whether the service asks for a key that the visitor does not give: nothing is asked again by itself. */
let isLocked = false;

function explain(problem, text) {
  isLocked = problem.status === 401;
  byID("connection").textContent = isLocked ? "This service needs an API key." : text;
  byID("unlock").hidden = !isLocked;
}

/** Shows the streams as they are now. */
async function refresh() {
  let streams;
  try {
    streams = await api.streams();
  } catch (problem) {
    explain(problem, problem.message);
    return;
  }
  const names = new Set(streams.map(({ name }) => name));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    card.remove();
    cards.delete(name);
  }
  for (const stream of streams) {
    let card = cards.get(stream.name);
    if (!card) {
      card = new CameraCard(stream.name, { changed: refresh, announce });
      cards.set(stream.name, card);
      byID("cameras").append(card.node);
    }
    card.update(stream);
  }
  byID("no-cameras").hidden = streams.length > 0;
}

const isIdle = () => document.hidden || isLocked;

/** Receives what happens in all streams, and connects again after a loss; not while the page is hidden or locked. */
async function listen(events) {
  for (;;) {
    if (!isIdle()) await connection(events);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
}

async function connection(events) {
  const abort = new AbortController();
  const leave = () => document.hidden && abort.abort();
  document.addEventListener("visibilitychange", leave);
  try {
    const happenings = await api.happenings(abort.signal);
    byID("connection").textContent = "";
    // Once connected, so that nothing is missed in between.
    await refresh();
    await events.load();
    for await (const { kind, data } of happenings) {
      if (kind === "objects") cards.get(data.stream)?.show(data);
      else events.add(data);
    }
  } catch (problem) {
    if (!abort.signal.aborted) explain(problem, `No live data: ${problem.message}`);
  } finally {
    abort.abort();
    document.removeEventListener("visibilitychange", leave);
  }
}

function setUpDialog() {
  const dialog = byID("camera-dialog");
  byID("add-camera").addEventListener("click", () => {
    byID("camera-form").reset();
    byID("camera-problem").textContent = "";
    dialog.showModal();
  });
  byID("camera-cancel").addEventListener("click", () => dialog.close());
  byID("camera-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = byID("camera-name").value.trim();
    const classes = byID("camera-classes").value.split(",").map((text) => text.trim()).filter(Boolean);
    if (cards.has(name)) {
      byID("camera-problem").textContent = `There is a camera called ${name} already.`;
      return;
    }
    try {
      const address = byID("camera-address").value.trim();
      await api.putStream(name, classes.length > 0 ? { address, classes } : { address });
    } catch (problem) {
      byID("camera-problem").textContent = problem.message;
      return;
    }
    dialog.close();
    announce(`${name} is being watched.`);
    await refresh();
    focusNext(cards.get(name)?.node.querySelector("button"), byID("add-camera"));
  });
}

api.onKeyNeeded(askForKey);
setUpThemeSwitch();
setUpStatus();
setUpDialog();
setUpWebcam(announce);
setInterval(() => isIdle() || refresh(), INTERVAL_MILLISECONDS);
byID("unlock").addEventListener("click", () => {
  isLocked = false;
  byID("unlock").hidden = true;
  refresh();
});
listen(setUpEventList());
