import { byID } from "./dom.js";

/**
 * Asks for the service's API key.
 *
 * @param {string|null} refusal - Of the last key, in the service's words; null when there was none.
 * @returns {Promise<string|null>} Null when nobody gives one.
 */
export function askForKey(refusal) {
  const dialog = byID("key-dialog");
  byID("key-reason").textContent = refusal ?? "Whoever runs it can give you one.";
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
