/** The tokens that the canvas needs, as colours that it understands. */
export interface PlotColors {
  text: string
  faint: string
  line: string
  strong: string
  mood: string
  accent: string
  positive: string
  neutral: string
  negative: string
  hatch: string
  surface: string
}

const tokens: Record<keyof PlotColors, string> = {
  text: '--text',
  faint: '--faint',
  line: '--line',
  strong: '--line-strong',
  mood: '--text',
  accent: '--accent',
  positive: '--positive-fill',
  neutral: '--neutral-fill',
  negative: '--negative-fill',
  hatch: '--hatch',
  surface: '--surface',
}

/** Resolves the tokens in the theme in effect. */
export function readColors(): PlotColors {
  const resolved = resolveTokens(Object.values(tokens))
  return Object.fromEntries(
    Object.keys(tokens).map((name, i) => [name, resolved[i]]),
  ) as unknown as PlotColors
}

/** Tokens as colours that a canvas understands; it knows neither var() nor light-dark(). */
export function resolveTokens(names: readonly string[]): string[] {
  const probe = document.createElement('span')
  probe.hidden = true
  document.body.append(probe)
  const resolved = names.map((token) => {
    probe.style.color = `var(${token})`
    return getComputedStyle(probe).color
  })
  probe.remove()
  return resolved
}
