// Line plots as SVG text, without dependencies: axes with round ticks, linear or logarithmic, and a legend.

const width = 760
const height = 440
const margin = { top: 48, right: 160, bottom: 56, left: 72 }
/** Told apart also by readers who do not see all colours (Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999']
const dashes = ['', '7 3', '2 3', '9 3 2 3']

const escapeText = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

/**
 * A plot of lines.
 *
 * @param {{ title: string, xLabel: string, yLabel: string, logX?: boolean, logY?: boolean,
 *   series: { name: string, points: [number, number][] }[] }} plot points of a logarithmic axis that are not above 0
 *   are left out, as are those that are not finite
 * @returns {string} an SVG document
 */
export function linePlot({ title, xLabel, yLabel, series, logX = false, logY = false }) {
  const shown = series.map(({ name, points }) => ({
    name,
    points: points.filter(([x, y]) => fits(x, logX) && fits(y, logY)),
  }))
  const x = axis(
    shown.flatMap(({ points }) => points.map((point) => point[0])),
    logX,
    [margin.left, width - margin.right],
  )
  const y = axis(
    shown.flatMap(({ points }) => points.map((point) => point[1])),
    logY,
    [height - margin.bottom, margin.top],
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    '  font-family="system-ui, sans-serif" font-size="12" fill="#222">',
    `<title>${escapeText(title)}</title>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="${margin.left}" y="26" font-size="16" font-weight="600">${escapeText(title)}</text>`,
    ...xTicks(x),
    ...yTicks(y),
    `<path d="M${margin.left} ${margin.top}V${height - margin.bottom}H${width - margin.right}" fill="none" stroke="#222"/>`,
    `<text x="${(margin.left + width - margin.right) / 2}" y="${height - 14}" text-anchor="middle">${escapeText(xLabel)}</text>`,
    `<text transform="translate(18 ${(margin.top + height - margin.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeText(yLabel)}</text>`,
    ...shown.flatMap((one, index) => line(one, index, x, y)),
    '</svg>',
    '',
  ].join('\n')
}

const fits = (value, log) => Number.isFinite(value) && (!log || value > 0)
const round = (value) => Math.round(value * 10) / 10

/** Where values lie between two ends of the picture, and which values get a tick. */
function axis(values, log, [start, end]) {
  let low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
  let high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  if (low > high) [low, high] = log ? [1, 10] : [0, 1]
  const ticks = log ? logTicks(low, high) : linearTicks(Math.min(low, 0), high)
  const scale = log ? Math.log : (value) => value
  const from = scale(ticks[0])
  const span = scale(ticks[ticks.length - 1]) - from
  return { ticks, place: (value) => round(start + ((scale(value) - from) / span) * (end - start)) }
}

function linearTicks(low, high) {
  const rough = Math.max(high - low, Number.MIN_VALUE) / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power
  const ticks = []
  for (let i = Math.floor(low / step); ticks.length < 2 || ticks[ticks.length - 1] < high; i++)
    ticks.push(i * step)
  return ticks
}

/** Powers of ten, or 1, 2 and 5 times them where there are few. */
function logTicks(low, high) {
  const decades = Math.log10(high / low)
  const factors = decades > 3 ? [1] : [1, 2, 5]
  const all = []
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)) + 1; power++) {
    for (const factor of factors) all.push(factor * 10 ** power)
  }
  // The ends may miss by a rounding.
  const first = all.findLastIndex((tick) => tick <= low * (1 + 1e-9))
  const last = all.findIndex((tick, index) => index > first && tick >= high * (1 - 1e-9))
  return all.slice(first, last + 1)
}

function label(value) {
  const [, unit, sign] = [
    [1e9, 1e9, 'G'],
    [1e6, 1e6, 'M'],
    [1e3, 1e3, 'k'],
    [0, 1, ''],
  ].find(([least]) => Math.abs(value) >= least)
  return `${Number((value / unit).toPrecision(4))}${sign}`
}

function xTicks({ ticks, place }) {
  return ticks.flatMap((tick) => [
    `<path d="M${place(tick)} ${margin.top}V${height - margin.bottom}" stroke="#e4e4e4"/>`,
    `<text x="${place(tick)}" y="${height - margin.bottom + 18}" text-anchor="middle">${label(tick)}</text>`,
  ])
}

function yTicks({ ticks, place }) {
  return ticks.flatMap((tick) => [
    `<path d="M${margin.left} ${place(tick)}H${width - margin.right}" stroke="#e4e4e4"/>`,
    `<text x="${margin.left - 8}" y="${place(tick) + 4}" text-anchor="end">${label(tick)}</text>`,
  ])
}

/** A line and its entry in the legend; a single point is a dot. */
function line({ name, points }, index, x, y) {
  const colour = colours[index % colours.length]
  const dash = dashes[Math.floor(index / colours.length) % dashes.length]
  const style = `fill="none" stroke="${colour}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`
  const places = points.map(([px, py]) => `${x.place(px)} ${y.place(py)}`)
  const top = margin.top + 8 + index * 20
  const left = width - margin.right + 16
  return [
    places.length === 0 ? '' : `<path d="M${places.join('L')}" ${style} stroke-linejoin="round"/>`,
    ...(points.length === 1
      ? [`<circle cx="${x.place(points[0][0])}" cy="${y.place(points[0][1])}" r="3.5" fill="${colour}"/>`]
      : []),
    `<path d="M${left} ${top}h24" ${style}/>`,
    `<text x="${left + 32}" y="${top + 4}">${escapeText(name)}</text>`,
  ].filter((part) => part !== '')
}
