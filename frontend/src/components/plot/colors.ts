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

/** Resolves the tokens in the theme in effect. A canvas knows neither var() nor light-dark(). */
export function readColors(): PlotColors {
  const probe = document.createElement('span')
  probe.hidden = true
  document.body.append(probe)
  const resolved = Object.fromEntries(
    Object.entries(tokens).map(([name, token]) => {
      probe.style.color = `var(${token})`
      return [name, getComputedStyle(probe).color]
    }),
  )
  probe.remove()
  return resolved as unknown as PlotColors
}
