import { onKeyNeeded } from "./api.js";
import { bringIntoSight, byID } from "./dom.js";
import { setUpChips } from "./chips.js";
import { setUpExports } from "./exports.js";
import { setUpFilmstrip } from "./filmstrip.js";
import { setUpGallery } from "./gallery.js";
import { setUpIntake } from "./intake.js";
import { askForKey } from "./keydialog.js";
import { setUpModels } from "./models.js";
import { setUpProcessing } from "./process.js";
import { PictureQueue } from "./queue.js";
import { setUpResults } from "./results.js";
import { setUpSettings } from "./settings.js";
import { setUpSettling } from "./settling.js";
import { setUpStage } from "./stage.js";
import { setUpStatus } from "./status.js";
import { createStore } from "./store.js";
import { setUpThemeSwitch } from "./themeswitch.js";
import { setUpZones } from "./zones.js";

const store = createStore();
const queue = new PictureQueue(store);

/** Announces a message to screen readers. */
function announce(message) {
  byID("announcement").textContent = message;
}

/** Shows a picture that the service has, and adds it first if necessary. */
function pick(imageID) {
  const known = store.state.pictures.find(({ origin }) => origin.kind === "dataset" && origin.imageID === imageID);
  if (known) store.update({ currentID: known.id });
  else queue.add([{ name: imageID, origin: { kind: "dataset", imageID } }]);
  bringIntoSight(byID("stage"));
}

onKeyNeeded(askForKey);
const { focusOn } = setUpResults(store, announce);
const { settled } = setUpSettling(store, queue);
setUpStage(store, queue, focusOn);
setUpSettings(store);
setUpZones(store, queue, announce);
setUpChips(store);
setUpFilmstrip(store, queue);
setUpExports(store, settled, announce);
setUpProcessing(store, queue, announce);
setUpIntake((files) =>
  queue.add(files.map((file) => ({ name: file.name || "picture", origin: { kind: "file" }, blob: file }))),
);
setUpThemeSwitch();
setUpStatus();
setUpModels(store, queue);
setUpGallery(pick);
