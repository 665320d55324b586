import { byID } from "./dom.js";

/** The button between light and dark; theme.js remembers what was chosen. */
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
      // Then it holds until the page is left.
    }
    show();
  });
  system.addEventListener("change", show);
  show();
}
