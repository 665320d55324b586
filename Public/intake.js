import { byID } from "./dom.js";

/**
 * Sets up all ways to add pictures: file chooser, camera, drag and drop, and paste.
 *
 * @param {(files: File[]) => void} onFiles
 */
export function setUpIntake(onFiles) {
  const choosers = { choose: "file-input", add: "file-input", another: "file-input", photograph: "camera-input" };
  for (const [button, input] of Object.entries(choosers)) {
    byID(button).addEventListener("click", () => byID(input).click());
  }
  for (const id of ["file-input", "camera-input"]) {
    byID(id).addEventListener("change", ({ target }) => {
      onFiles([...target.files]);
      // Otherwise choosing the same file again would not fire a change event.
      target.value = "";
    });
  }

  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  const showTarget = (isOver) => document.body.classList.toggle("dropping", isOver);
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) showTarget(++depth > 0);
  });
  document.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) showTarget((depth = Math.max(0, depth - 1)) > 0);
  });
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    showTarget(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    onFiles([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  });
}
