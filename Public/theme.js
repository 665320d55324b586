// Not a module: it has to run before the first paint, or a chosen theme would flash.
try {
  const theme = localStorage.getItem("osprey.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system's theme holds.
}
