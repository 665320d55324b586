import { byID } from "./dom.js";

/** Sets up the button that switches between light and dark; theme.js restores the choice on the next visit. */
export function setUpThemeSwitch() {
  const button = byID("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => {
    const { theme } = document.documentElement.dataset;
    return theme ? theme === "dark" : system.matches;
  };
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("osprey.theme", theme);
    } catch {
      // Without storage, the choice lasts until the page is closed.
    }
    show();
  });
  system.addEventListener("change", show);
  show();
}
