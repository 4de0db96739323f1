import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { contrastOf, minContrast } from '../lib/color'

const css = readFileSync('src/styles/tokens.css', 'utf8')

/** The value of a token in a theme; tokens have two values or one for both. */
function token(name: string, theme: 'light' | 'dark'): string {
  const found = new RegExp(`--${name}:\\s*(?:light-dark\\((#\\w+),\\s*(#\\w+)\\)|(#\\w+));`).exec(css)
  const value = theme === 'light' ? (found?.[1] ?? found?.[3]) : (found?.[2] ?? found?.[3])
  if (value === undefined) throw new Error(`tokens.css has no colour --${name}`)
  return value
}

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  test.each(['text', 'muted', 'faint', 'accent', 'positive', 'neutral', 'negative', 'warn', 'bad'])(
    '%s can be read on every surface',
    (name) => {
      for (const surface of ['bg', 'surface', 'raised', 'hover']) {
        const contrast = contrastOf(token(name, theme), token(surface, theme))
        expect(contrast, `--${name} on --${surface}`).toBeGreaterThanOrEqual(minContrast)
      }
    },
  )

  test.each([
    ['on-accent', 'accent-solid'],
    ['on-accent', 'accent-solid-hover'],
    ['text', 'accent-soft'],
    ['muted', 'accent-soft'],
    ['text', 'warn-soft'],
    ['text', 'bad-soft'],
  ])('%s can be read on %s', (name, surface) => {
    expect(contrastOf(token(name, theme), token(surface, theme))).toBeGreaterThanOrEqual(minContrast)
  })

  test.each(['full colour vision', 'protanopia', 'deuteranopia', 'tritanopia'] as const)(
    'labels differ in %s',
    (vision) => {
      for (const [a, b] of [
        ['positive', 'negative'],
        ['positive', 'neutral'],
        ['neutral', 'negative'],
        ['positive-fill', 'negative-fill'],
        ['positive-fill', 'neutral-fill'],
        ['neutral-fill', 'negative-fill'],
      ] as const) {
        const seen = [token(a, theme), token(b, theme)].map((c) => lab(simulate(c, vision)))
        const [p, q] = seen
        if (p === undefined || q === undefined) throw new Error('two colours make two')
        // A difference of 2.3 is just noticeable side by side; areas that touch need far more.
        expect(distance(p, q), `--${a} and --${b}`).toBeGreaterThan(15)
      }
    },
  )
})

type Triple = [number, number, number]

/** Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009), severity 1. */
const matrices: Record<string, [Triple, Triple, Triple]> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

/** A colour in linear RGB as somebody sees it. */
function simulate(hex: string, vision: string): Triple {
  const n = Number.parseInt(hex.slice(1), 16)
  const linear = [(n >> 16) & 255, (n >> 8) & 255, n & 255].map((v) => {
    const s = v / 255
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4
  }) as Triple
  const m = matrices[vision]
  return m === undefined ? linear : (m.map((row) => clamp(dot(row, linear))) as Triple)
}

/** CIE L*a*b*, D65. */
function lab(rgb: Triple): Triple {
  const xyz = [
    dot([0.4124564, 0.3575761, 0.1804375], rgb) / 0.95047,
    dot([0.2126729, 0.7151522, 0.072175], rgb),
    dot([0.0193339, 0.119192, 0.9503041], rgb) / 1.08883,
  ].map((v) => (v > 0.008856 ? Math.cbrt(v) : 7.787 * v + 16 / 116)) as Triple
  return [116 * xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])]
}

const dot = (a: Triple, b: Triple): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const clamp = (v: number): number => Math.max(0, Math.min(1, v))
const distance = (a: Triple, b: Triple): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
