// How figures are written, on the screen and in docs/benchmarks.md.

/** Three digits: 0.123, 1.23, 12.3, 123, 1,230, 12,300. */
export function digits(value) {
  if (!Number.isFinite(value)) return '–'
  if (value >= 1000) return Number(value.toPrecision(3)).toLocaleString('en')
  if (value >= 100) return value.toFixed(0)
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3)
}

/** A cost (microseconds an operation, or bytes) in the unit in which people compare it. */
export function inUnit(cost, unit) {
  if (unit === 'bytes') return `${digits(cost / 1e6)} MB`
  if (unit === 'ms') return `${digits(cost / 1000)} ms`
  const perSecond = 1e6 / cost
  const what = unit.replace('/s', '')
  return perSecond >= 1e6
    ? `${digits(perSecond / 1e6)} M ${what}/s`
    : perSecond >= 1000
      ? `${digits(perSecond / 1000)} k ${what}/s`
      : `${digits(perSecond)} ${what}/s`
}

/** `{ preset: 'balanced', workers: 1 }` as `preset: balanced, workers: 1`. */
export function inWords(options) {
  const words = Object.entries(options).map(([name, value]) => `${name}: ${value}`)
  return words.length === 0 ? 'defaults' : words.join(', ')
}

export function ratioText(ratio) {
  return ratio === undefined ? '–' : `${digits(ratio)} ×`
}

/** Rows of cells as a Markdown table; the first row is the head. */
export function markdownTable([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}
