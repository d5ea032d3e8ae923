// Line plots as SVG, without a dependency: a grid of panels over one logarithmic x axis, and one legend for all.

const panelWidth = 200
const panelHeight = 170
const gapX = 58
const gapY = 52
const left = 78
const top = 84
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7a4fbf', '#444444']
const dashes = ['', '6 2', '2 2', '8 2 2 2']

function escaped(text) {
  return String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function text(x, y, content, { anchor = 'start', size = 11, weight = 'normal', turn } = {}) {
  const turned = turn === undefined ? '' : ` transform="rotate(${turn} ${x} ${y})"`
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" font-weight="${weight}"${turned}>${escaped(content)}</text>`
}

/** 1200 as `1.2 k`, 1e6 as `1 M`. */
function short(value) {
  if (value >= 1e6) return `${value / 1e6} M`
  return value >= 1e3 ? `${value / 1e3} k` : `${value}`
}

/** Round numbers that lie in the range: the narrower it is, the more to a power of ten. */
function ticks(least, most) {
  const found = []
  const steps = most / least > 200 ? [1] : most / least > 5 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 6, 8]
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most; power *= 10) {
    for (const step of steps) if (power * step >= least && power * step <= most) found.push(power * step)
  }
  return found
}

function logScale(least, most, from, to) {
  const [low, high] = [Math.log(least), Math.log(most)]
  return (value) => Math.round((from + ((Math.log(value) - low) / (high - low)) * (to - from)) * 10) / 10
}

function axes({ x, y, xTicks, yTicks, originX, originY }) {
  const parts = [
    `<rect x="${originX}" y="${originY}" width="${panelWidth}" height="${panelHeight}" fill="none" stroke="#999"/>`,
  ]
  for (const value of xTicks) {
    parts.push(`<path d="M${x(value)} ${originY}v${panelHeight}" stroke="#e5e5e5"/>`)
    parts.push(text(x(value), originY + panelHeight + 14, short(value), { anchor: 'middle', size: 10 }))
  }
  for (const value of yTicks) {
    parts.push(`<path d="M${originX} ${y(value)}h${panelWidth}" stroke="#e5e5e5"/>`)
    parts.push(text(originX - 5, y(value) + 3.5, short(value), { anchor: 'end', size: 10 }))
  }
  return parts
}

/** One line per series; a point's title says its numbers to whoever points at it. */
function lines(series, names, { x, y, unit }) {
  return series.flatMap(({ name, points }) => {
    const index = names.indexOf(name)
    const stroke = `stroke="${colours[index % colours.length]}"`
    const path = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('')
    const dots = points.map(
      ([px, py]) =>
        `<circle cx="${x(px)}" cy="${y(py)}" r="2.2" fill="${colours[index % colours.length]}">` +
        `<title>${escaped(`${name}: ${Math.round(py)} ${unit} at ${short(px)} rows`)}</title></circle>`,
    )
    const dash = dashes[index % dashes.length]
    return [
      `<path d="${path}" fill="none" ${stroke} stroke-width="1.7"${dash && ` stroke-dasharray="${dash}"`}/>`,
      ...dots,
    ]
  })
}

function legend(names, y) {
  return names.flatMap((name, index) => {
    const at = left + index * 156
    const dash = dashes[index % dashes.length]
    const colour = colours[index % colours.length]
    return [
      `<path d="M${at} ${y - 4}h24" stroke="${colour}" stroke-width="2.4"${dash && ` stroke-dasharray="${dash}"`}/>`,
      text(at + 29, y, name, { size: 12 }),
    ]
  })
}

/** The range that holds all values of panels that share a y axis. */
function rangeOf(panels) {
  const values = panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([, y]) => y)))
  return [Math.min(...values) / 1.15, Math.max(...values) * 1.15]
}

/**
 * The plot as SVG. `rows[r].panels[c]` is the panel in row r and column c: `{ series: [{ name, points: [[x, y], …] }] }`.
 * The panels of a column share their y axis, which is logarithmic too. `columns[c]` is `{ title, unit }`.
 */
export function plot({ title, xLabel, names, columns, rows }) {
  const width = left + columns.length * (panelWidth + gapX)
  const height = top + rows.length * (panelHeight + gapY) + 6
  const xs = rows.flatMap(({ panels }) =>
    panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([x]) => x))),
  )
  const [xLeast, xMost] = [Math.min(...xs), Math.max(...xs)]
  const parts = [text(left, 24, title, { size: 15, weight: 'bold' }), ...legend(names, 50)]
  rows.forEach(({ title: rowTitle, panels }, r) => {
    const originY = top + r * (panelHeight + gapY)
    parts.push(
      text(20, originY + panelHeight / 2, rowTitle, { anchor: 'middle', size: 13, weight: 'bold', turn: -90 }),
    )
    panels.forEach(({ series }, c) => {
      const originX = left + c * (panelWidth + gapX)
      const [yLeast, yMost] = rangeOf(rows.map((row) => row.panels[c]))
      const x = logScale(xLeast, xMost, originX + 8, originX + panelWidth - 8)
      const y = logScale(yLeast, yMost, originY + panelHeight - 4, originY + 4)
      parts.push(
        ...axes({ x, y, xTicks: ticks(xLeast, xMost), yTicks: ticks(yLeast, yMost), originX, originY }),
      )
      parts.push(...lines(series, names, { x, y, unit: columns[c].unit }))
      if (r === 0) {
        parts.push(
          text(originX, originY - 8, `${columns[c].title}, ${columns[c].unit}`, { size: 12, weight: 'bold' }),
        )
      }
      if (r === rows.length - 1) {
        const middle = originX + panelWidth / 2
        parts.push(text(middle, originY + panelHeight + 30, xLabel, { anchor: 'middle' }))
      }
    })
  })
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="Helvetica, Arial, sans-serif" fill="#222">\n<title>${escaped(title)}</title>\n<rect width="100%" height="100%" fill="white"/>\n${parts.join('\n')}\n</svg>\n`
  )
}
