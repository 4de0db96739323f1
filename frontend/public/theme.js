// Sets the chosen theme before the first paint. A file of its own because the
// content security policy allows no inline script.
try {
  var theme = localStorage.getItem('chatmood:theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch (_) {
  // Storage is blocked: the system's theme it is.
}
