/**
 * Chatters choose their name's colour for themselves; dark blue on black is a
 * common choice. These make a colour readable without losing its hue.
 */

type RGB = readonly [number, number, number]

/** Twitch's default name colours, for chatters who never chose one. */
const defaults = [
  '#FF0000',
  '#0000FF',
  '#008000',
  '#B22222',
  '#FF7F50',
  '#9ACD32',
  '#FF4500',
  '#2E8B57',
  '#DAA520',
  '#D2691E',
  '#5F9EA0',
  '#1E90FF',
  '#FF69B4',
  '#8A2BE2',
  '#00FF7F',
]

/** Contrast that WCAG 2 asks of small text (1.4.3). */
export const minContrast = 4.5

/** Backgrounds that names stand on: `--surface` of tokens.css, made a little harder. */
const backgrounds = { dark: '#1a1d22', light: '#f6f7f9' } as const

export type Theme = keyof typeof backgrounds

const cache = new Map<string, string>()
const maxCached = 5000

/** A readable form of a chatter's colour in a theme. Without a colour one is chosen by the login. */
export function nameColor(color: string | undefined, login: string, theme: Theme): string {
  const wish = color !== undefined && /^#[0-9a-f]{6}$/i.test(color) ? color : defaultColor(login)
  const key = theme + wish
  let readable = cache.get(key)
  if (readable === undefined) {
    if (cache.size >= maxCached) cache.clear()
    readable = makeReadable(wish, backgrounds[theme])
    cache.set(key, readable)
  }
  return readable
}

/** Moves the lightness of a colour away from the background until it can be read. */
export function makeReadable(color: string, background: string): string {
  const bg = parse(background)
  const rgb = parse(color)
  if (contrast(rgb, bg) >= minContrast) return color
  const target: RGB = luminance(bg) < 0.2 ? [255, 255, 255] : [0, 0, 0]
  let lo = 0
  let hi = 1
  for (let i = 0; i < 12; i++) {
    const mid = (lo + hi) / 2
    if (contrast(round(mix(rgb, target, mid)), bg) >= minContrast) hi = mid
    else lo = mid
  }
  return format(round(mix(rgb, target, hi)))
}

/** WCAG 2 contrast of two colours, 1…21. */
export function contrastOf(a: string, b: string): number {
  return contrast(parse(a), parse(b))
}

function defaultColor(login: string): string {
  let h = 0
  for (let i = 0; i < login.length; i++) h = (h * 31 + login.charCodeAt(i)) >>> 0
  return defaults[h % defaults.length] ?? '#808080'
}

function parse(hex: string): RGB {
  const n = Number.parseInt(hex.slice(1), 16)
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255]
}

const format = (c: RGB): string => `#${c.map((v) => v.toString(16).padStart(2, '0')).join('')}`
const round = (c: RGB): RGB => [Math.round(c[0]), Math.round(c[1]), Math.round(c[2])]
const mix = (a: RGB, b: RGB, t: number): RGB => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
]

function luminance(c: RGB): number {
  const lin = (v: number) => {
    const s = v / 255
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * lin(c[0]) + 0.7152 * lin(c[1]) + 0.0722 * lin(c[2])
}

function contrast(a: RGB, b: RGB): number {
  const la = luminance(a)
  const lb = luminance(b)
  return (Math.max(la, lb) + 0.05) / (Math.min(la, lb) + 0.05)
}
