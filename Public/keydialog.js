import { byID } from "./dom.js";

/**
 * Asks the user for the service's API key.
 *
 * @param {string|null} refusal - The service's reason for rejecting the last key, or null if there was none.
 * @returns {Promise<string|null>} Null if the user declines.
 */
export function askForKey(refusal) {
  const dialog = byID("key-dialog");
  byID("key-reason").textContent = refusal ?? "Ask the operator of this service for a key.";
  byID("key").value = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const submit = (event) => {
      event.preventDefault();
      const key = byID("key").value.trim();
      if (!key) return;
      finish(key);
    };
    const close = () => finish(null);
    const finish = (key) => {
      byID("key-form").removeEventListener("submit", submit);
      byID("key-cancel").removeEventListener("click", close);
      dialog.removeEventListener("close", close);
      dialog.close();
      resolve(key);
    };
    byID("key-form").addEventListener("submit", submit);
    byID("key-cancel").addEventListener("click", close);
    dialog.addEventListener("close", close);
  });
}
