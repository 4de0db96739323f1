/** The browser and system that a User-Agent header names, as far as people care; undefined where it cannot be told. */
export function browserOf(agent: string): { browser: string; system: string } | undefined {
  const browser = browsers.find(([, mark]) => mark.test(agent))?.[0]
  const system = systems.find(([, mark]) => mark.test(agent))?.[0]
  if (browser === undefined || system === undefined) return undefined
  return { browser, system }
}

// In this order: later names stand in the headers of earlier ones, too.
const browsers: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Edge', /\bEdg(e|A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(Firefox|FxiOS)\//],
  ['Chrome', /\b(Headless)?Chrom(e|ium)\/|\bCriOS\//],
  ['Safari', /\bSafari\//],
]
const systems: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(iPhone|iPad|iPod)\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['Linux', /\bLinux\b/],
]
