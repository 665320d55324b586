import { MAXIMUM_DETECTIONS, address, detectQuery, predictBody } from "./api.js";
import { requestOptions } from "./queue.js";

/** Quotes a word for a POSIX shell. */
const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Returns a command that requests from the service what the page shows.
 *
 * @param {import("./queue.js").Picture} picture
 * @param {Readonly<import("./store.js").State>} settings
 * @param {string} model
 * @param {boolean} needsKey - The command refers to a variable instead of the key, because commands get shared.
 */
export function curlCommand(picture, settings, model, needsKey) {
  const { confidence, iou, classes, onlyZones } = settings;
  const { origin, name } = picture;
  const key = needsKey ? ' -H "X-API-Key: $OSPREY_API_KEY"' : "";
  const curl = `curl -sS --fail-with-body${key}`;
  const searched = requestOptions(settings);
  const only = onlyZones && searched.zones ? { only: "zones" } : {};
  const options = { ...searched, ...only, confidence, iou, max_detections: MAXIMUM_DETECTIONS };
  const chosen = [...classes].sort((first, second) => first - second);

  if (origin.kind === "processed") {
    const post = (path, body) => `${curl} --json ${quoted(JSON.stringify(body))} ${quoted(address(path))}`;
    const body = predictBody(origin.imageID, model, chosen.length ? { ...options, classes: chosen } : options);
    const process = post("process_image", { image_id: origin.imageID, ...origin.steps });
    // --json requests JSON, so /process_image describes its picture instead of returning it.
    return `${process} > /dev/null \\\n  && ${post("predict", body)}`;
  }
  const query = detectQuery(model, chosen.length ? { ...options, classes: chosen.join(",") } : options);
  const post = (source) => `${curl} --data-binary ${source} ${quoted(address("detect", query))}`;
  if (origin.kind === "dataset") {
    return `${curl} ${quoted(address(`get_image/${origin.imageID}`))} \\\n  | ${post("@-")}`;
  }
  return post(quoted(`@${name}`));
}
