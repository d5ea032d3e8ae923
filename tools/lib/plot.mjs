// Plots as SVG text, without dependencies: lines in one frame, lines in a grid of frames, and bars.

/** Told apart also by readers who do not see all colours (Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999']
const dashes = ['', '7 3', '2 3', '9 3 2 3']

const escapeText = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
const round = (value) => Math.round(value * 10) / 10
const fits = (value, log) => Number.isFinite(value) && (!log || value > 0)

/**
 * A plot of lines.
 *
 * @param {{ title: string, xLabel: string, yLabel: string, logX?: boolean, logY?: boolean,
 *   series: { name: string, points: [number, number][] }[] }} plot points of a logarithmic axis that are not above 0
 *   are left out, as are those that are not finite
 * @returns {string} an SVG document
 */
export function linePlot({ title, xLabel, yLabel, series, logX = false, logY = false }) {
  const frame = { left: 72, top: 48, width: 528, height: 336 }
  const shown = series.map((one) => shownOf(one, logX, logY))
  const points = shown.flatMap((one) => one.points)
  const { x, y } = axesOf(points, frame, logX, logY)
  const right = frame.left + frame.width + 16
  return document(760, 440, title, [
    text(frame.left, 26, title, { size: 16, weight: 600 }),
    ...grid(frame, x, y, 12),
    text(frame.left + frame.width / 2, 426, xLabel, { anchor: 'middle' }),
    text(18, frame.top + frame.height / 2, yLabel, { anchor: 'middle', turned: true }),
    ...shown.flatMap(({ name, points: own }, index) => [
      ...line(own, styleOf(index), x, y),
      ...legendEntry(name, styleOf(index), right, frame.top + 8 + index * 20),
    ]),
  ])
}

/**
 * Plots of lines side by side, over logarithmic axes. The frames of a column share their y axis, all share the x axis.
 *
 * @param {{ title: string, xLabel: string, names: string[], columns: { title: string, unit: string }[],
 *   rows: { title: string, panels: { series: { name: string, points: [number, number][] }[] }[] }[] }} plot
 *   `rows[r].panels[c]` is the frame in row r and column c; `names` gives the order of the legend
 * @returns {string} an SVG document
 */
export function gridPlot({ title, xLabel, names, columns, rows }) {
  const size = { width: 200, height: 170 }
  const gap = { x: 58, y: 52 }
  const [left, top] = [78, 84]
  const xs = rows.flatMap(({ panels }) => panels.flatMap(({ series }) => allPoints(series).map(([px]) => px)))
  const ys = columns.map((_, c) =>
    rows.flatMap(({ panels }) => allPoints(panels[c].series).map(([, py]) => py)),
  )
  const parts = [text(left, 24, title, { size: 15, weight: 600 })]
  names.forEach((name, index) => {
    parts.push(...legendEntry(name, styleOf(index), left + index * 156, 46))
  })
  rows.forEach((row, r) => {
    const frameTop = top + r * (size.height + gap.y)
    parts.push(
      text(20, frameTop + size.height / 2, row.title, {
        anchor: 'middle',
        size: 13,
        weight: 600,
        turned: true,
      }),
    )
    row.panels.forEach(({ series }, c) => {
      const frame = { left: left + c * (size.width + gap.x), top: frameTop, ...size }
      const x = axis(xs, true, frame.left + 4, frame.left + frame.width - 4)
      const y = axis(ys[c], true, frame.top + frame.height - 4, frame.top + 4)
      parts.push(...grid(frame, x, y, 10))
      for (const one of series) {
        parts.push(...line(shownOf(one, true, true).points, styleOf(names.indexOf(one.name)), x, y))
      }
      if (r === 0)
        parts.push(text(frame.left, frame.top - 8, `${columns[c].title}, ${columns[c].unit}`, { weight: 600 }))
      if (r === rows.length - 1)
        parts.push(
          text(frame.left + frame.width / 2, frameTop + size.height + 30, xLabel, { anchor: 'middle' }),
        )
    })
  })
  const width = Math.max(left + columns.length * (size.width + gap.x), left + names.length * 156)
  return document(width, top + rows.length * (size.height + gap.y) + 6, title, parts)
}

/**
 * Bars, a group under each heading, each group on a scale of its own: longer is more.
 *
 * @param {{ title: string, names: string[], columns?: number,
 *   groups: { title: string, bars: { name: string, value: number, label: string }[] }[] }} plot `names` gives the colours
 * @returns {string} an SVG document
 */
export function barPlot({ title, names, groups, columns = 3 }) {
  const [left, top, barHeight, columnWidth, labelWidth] = [20, 48, 15, 360, 150]
  const parts = [text(left, 26, title, { size: 15, weight: 600 })]
  const bottoms = new Array(columns).fill(top)
  for (const group of groups) {
    const column = bottoms.indexOf(Math.min(...bottoms))
    const x = left + column * columnWidth
    let y = bottoms[column] + 16
    const most = Math.max(...group.bars.map(({ value }) => value))
    parts.push(text(x, y, group.title, { weight: 600 }))
    y += 6
    for (const { name, value, label } of group.bars) {
      const length = round(Math.max(1, (value / most) * (columnWidth - labelWidth - 112)))
      const { colour } = styleOf(names.indexOf(name))
      parts.push(text(x + labelWidth - 6, y + 11, name, { anchor: 'end', size: 11 }))
      parts.push(
        `<rect x="${x + labelWidth}" y="${y + 1}" width="${length}" height="${barHeight - 3}" fill="${colour}"/>`,
      )
      parts.push(text(x + labelWidth + length + 4, y + 11, label, { size: 11 }))
      y += barHeight
    }
    bottoms[column] = y + 8
  }
  return document(left + columns * columnWidth, Math.max(...bottoms) + 12, title, parts)
}

function document(width, height, title, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    '  font-family="system-ui, sans-serif" font-size="12" fill="#222">',
    `<title>${escapeText(title)}</title>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function text(x, y, content, { anchor, size, weight, turned = false } = {}) {
  const attributes = Object.entries({ 'text-anchor': anchor, 'font-size': size, 'font-weight': weight })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('')
  const place = turned
    ? `transform="translate(${round(x)} ${round(y)}) rotate(-90)"`
    : `x="${round(x)}" y="${round(y)}"`
  return `<text ${place}${attributes}>${escapeText(content)}</text>`
}

const allPoints = (series) => series.flatMap(({ points }) => points)

function shownOf({ name, points }, logX, logY) {
  return { name, points: points.filter(([x, y]) => fits(x, logX) && fits(y, logY)) }
}

function styleOf(index) {
  const dash = dashes[Math.floor(index / colours.length) % dashes.length]
  const colour = colours[index % colours.length]
  const attributes = `fill="none" stroke="${colour}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`
  return { colour, attributes }
}

function axesOf(points, { left, top, width, height }, logX, logY) {
  const xs = points.map(([px]) => px)
  const ys = points.map(([, py]) => py)
  return { x: axis(xs, logX, left, left + width), y: axis(ys, logY, top + height, top) }
}

/** Where values lie between two ends of the picture, and which values get a tick. */
function axis(values, log, start, end) {
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
  const factors = Math.log10(high / low) > 2.5 ? [1] : [1, 2, 5]
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

/** The lines behind the values, their numbers, and two sides of the frame. */
function grid({ left, top, width, height }, x, y, size) {
  return [
    ...x.ticks.flatMap((tick) => [
      `<path d="M${x.place(tick)} ${top}v${height}" stroke="#e4e4e4"/>`,
      text(x.place(tick), top + height + 16, label(tick), { anchor: 'middle', size }),
    ]),
    ...y.ticks.flatMap((tick) => [
      `<path d="M${left} ${y.place(tick)}h${width}" stroke="#e4e4e4"/>`,
      text(left - 6, y.place(tick) + 4, label(tick), { anchor: 'end', size }),
    ]),
    `<path d="M${left} ${top}v${height}h${width}" fill="none" stroke="#222"/>`,
  ]
}

/** A line; a single point is a dot. */
function line(points, { colour, attributes }, x, y) {
  const places = points.map(([px, py]) => `${x.place(px)} ${y.place(py)}`)
  if (places.length === 0) return []
  if (places.length === 1) {
    const [cx, cy] = [x.place(points[0][0]), y.place(points[0][1])]
    return [`<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`]
  }
  return [`<path d="M${places.join('L')}" ${attributes} stroke-linejoin="round"/>`]
}

function legendEntry(name, { attributes }, left, top) {
  return [`<path d="M${left} ${top}h24" ${attributes}/>`, text(left + 32, top + 4, name)]
}
