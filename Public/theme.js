// Not a module, because it must run before the first paint; otherwise the wrong theme would flash.
try {
  const theme = localStorage.getItem("osprey.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage, the system's theme is used.
}
