import { hasKey } from "./api.js";
import { bitmap } from "./bitmaps.js";
import { curlCommand } from "./curl.js";
import { byID, save } from "./dom.js";
import { answerJSON, cocoDataset, stem, yoloLines } from "./labels.js";
import { paintDetections, pictureStyle } from "./overlay.js";
import { SELECTION, shown } from "./selection.js";
import { currentPicture } from "./store.js";

/**
 * Sets up the export buttons.
 *
 * @param {import("./store.js").Store} store
 * @param {() => Promise<void>} settled - Resolves when the shown detections are final, not an estimate.
 * @param {(message: string) => void} announce
 */
export function setUpExports(store, settled, announce) {
  const classesOf = (model) => store.state.models.find(({ name }) => name === model)?.classes ?? [];
  const entry = (picture) => ({
    name: picture.name,
    answer: picture.answer,
    detections: shown(picture, store.state),
  });

  const actions = {
    "save-picture": async (picture) => {
      const blob = await drawn(picture, shown(picture, store.state), store.state);
      if (!blob) return announce("This browser cannot draw the picture.");
      save(blob, `${stem(picture.name)}-objects.png`);
    },
    "save-json": (picture) => {
      saveJSON(answerJSON(picture.answer, shown(picture, store.state)), `${stem(picture.name)}.json`);
    },
    "save-coco": (picture) => {
      saveJSON(cocoDataset([entry(picture)], classesOf(picture.answer.model)), `${stem(picture.name)}-coco.json`);
    },
    "save-coco-all": (picture) => {
      const { model } = picture.answer;
      // Class ids differ between models.
      const done = store.state.pictures.filter(({ answer }) => answer?.model === model);
      saveJSON(cocoDataset(done.map(entry), classesOf(model)), `${model}-coco.json`);
    },
    "save-yolo": (picture) => {
      const lines = yoloLines(picture.answer, shown(picture, store.state));
      save(new Blob([lines], { type: "text/plain" }), `${stem(picture.name)}.txt`);
    },
    "copy-curl": async (picture) => {
      const command = curlCommand(picture, store.state, picture.answer.model, hasKey());
      byID("curl").textContent = command;
      byID("curl-box").hidden = false;
      const isCopied = await copy(command);
      announce(isCopied ? "Copied." : "Select the command below to copy it.");
      byID("copied").textContent = isCopied ? "Copied to the clipboard." : "Select the command to copy it.";
    },
  };
  for (const [id, action] of Object.entries(actions)) {
    byID(id).addEventListener("click", async () => {
      await settled();
      const picture = currentPicture(store.state);
      if (picture?.answer) action(picture);
    });
  }

  store.subscribe(SELECTION, ({ pictures }) => {
    byID("save-coco-all").hidden = pictures.filter(({ answer }) => answer).length < 2;
    // The copied command no longer matches what is shown.
    byID("curl-box").hidden = true;
  });
}

const saveJSON = (value, name) =>
  save(new Blob([JSON.stringify(value, null, 1), "\n"], { type: "application/json" }), name);

/** Draws the shown detections on the picture at full resolution; returns a PNG. */
async function drawn(picture, detections, { masks, labels }) {
  const image = await bitmap(picture);
  if (!image) return null;
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const view = { scale: 1, x: 0, y: 0 };
  const style = pictureStyle(image.width, image.height, detections);
  paintDetections(context, detections, { view, style, masks, labels, highlighted: null });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Copies text to the clipboard, which is available only with HTTPS and on localhost; returns whether it worked. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
