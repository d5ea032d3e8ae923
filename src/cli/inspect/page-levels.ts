// The figure of a table: keys from left to right, levels from top to bottom, every SSTable a veneer as wide as the share
// of keys it covers; above all, how many runs lie over each key.

import { printable } from '../format-rows.js'
import { bytesText, countText, percentText, plural } from '../quantities.js'
import type { DepthFacts, LevelFacts, SSTableFacts, TableFacts } from './facts.js'
import { type Html, html, raw } from './html.js'
import { keyRangeText } from './text.js'

/** Percent with as many digits as a wide screen can show. */
const percent = (share: number): string => `${(share * 100).toFixed(3)}%`

export function levelsFigure(table: TableFacts, id: string): Html {
  const { levels, sstables, depths } = table
  const bytesMost = Math.max(...levels.map(({ bytes }) => bytes))
  return html`<figure class="levels">
<div class="lane depth"><div class="label"><b>overlap</b><small>runs over each key</small></div>${depthChart(depths)}<div class="size"></div></div>
${levels.map((level) => levelLane(level, sstables, bytesMost, id))}
<div class="lane axis"><div class="label"><small>keys</small></div>${axis(sstables)}<div class="size"><small>bytes per level</small></div></div>
<figcaption>Each veneer is an SSTable, as wide as its share of the rows between its first and last key. <i class="swatch dead"></i> marks the share of tombstones. Hover to see what it overlaps; click to look inside.</figcaption>
</figure>`
}

function depthChart(depths: readonly DepthFacts[]): Html {
  const most = Math.max(1, ...depths.map(({ runs }) => runs))
  const height = (runs: number) => 40 - (runs / most) * 36
  const steps = depths.map(({ from, to, runs }) => {
    const y = height(runs).toFixed(1)
    return `L${(from * 1000).toFixed(2)} ${y}L${(to * 1000).toFixed(2)} ${y}`
  })
  const path = `M0 40${steps.join('')}L1000 40Z`
  const places = depths.map(
    ({ from, to, runs }) =>
      html`<span class="step" style="left:${percent(from)};width:${percent(to - from)}" data-tip="${`<b>${plural(runs, 'run')}</b> over these keys`}"></span>`,
  )
  return html`<div class="track"><svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true">${raw(`<path d="${path}"/>`)}</svg>${places}<em>${String(most)}</em></div>`
}

function levelLane(level: LevelFacts, all: readonly SSTableFacts[], bytesMost: number, id: string): Html {
  const own = all.filter((sstable) => sstable.level === level.level)
  const runs = [...new Set(own.map(({ run }) => run))]
  const tone = `w${(level.level % 6) + 1}`
  return html`<div class="lane level ${tone}">
<div class="label"><b>level ${String(level.level)}</b><small>${plural(level.runs, 'run')} · ${plural(level.sstables, 'SSTable')}</small></div>
<div class="track">${runs.map(
    (run) =>
      html`<div class="run">${own.filter((sstable) => sstable.run === run).map((sstable) => veneer(sstable, id))}</div>`,
  )}</div>
<div class="size"><i style="width:${percent(level.bytes / bytesMost)}"></i><small>${bytesText(level.bytes)}</small></div>
</div>`
}

function veneer(sstable: SSTableFacts, id: string): Html {
  const { number, from, to, rows, tombstones } = sstable
  const name = String(number).padStart(6, '0')
  const dead = rows === 0 ? 0 : tombstones / rows
  return html`<button type="button" class="sstable" style="left:${percent(from)};width:${percent(to - from)}"
 data-from="${String(from)}" data-to="${String(to)}" data-run="${String(sstable.run)}" data-panel="${id}-p${String(number)}"
 data-tip="${tipOf(sstable)}" aria-label="SSTable ${name}, ${bytesText(sstable.file.bytes)}, ${plural(rows, 'row')}"><span>${name}</span><span>${bytesText(sstable.file.bytes)}</span>${
   dead === 0 ? undefined : html`<i class="dead" style="width:${percent(Math.max(0.02, dead))}"></i>`
 }</button>`
}

/** Markup for the tooltip, to be escaped once more as an attribute. */
function tipOf(sstable: SSTableFacts): string {
  const { number, level, run, rows, keys, tombstones, minSeq, maxSeq, file, filter, createdMs } = sstable
  const entries: readonly (readonly [string, string])[] = [
    ['keys', keyRangeText(sstable)],
    ['rows', `${countText(rows)}, ${plural(keys, 'key')}`],
    ['tombstones', rows === 0 ? '0' : `${countText(tombstones)} (${percentText(tombstones / rows)})`],
    [
      'written',
      `${new Date(createdMs).toISOString().slice(0, 19).replace('T', ' ')}, seq ${minSeq} to ${maxSeq}`,
    ],
    ['size', `${bytesText(file.bytes)}, ${plural(file.rowGroups.length, 'row group')}`],
    [
      'filter',
      filter === undefined ? 'none' : `${bytesText(filter.bytes)}, ${percentText(filter.errorRate)} wrong`,
    ],
  ]
  return html`<b>${String(number).padStart(6, '0')}</b> level ${String(level)}, run ${String(run)}<dl>${entries.map(
    ([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`,
  )}</dl>`.markup
}

/** Wanted places, the more important first; those too near to one that is there are left out. */
const ticks = [0, 1, 0.5, 0.25, 0.75]
const tickDistance = 0.3

/** Keys at even places: each that of the SSTable that begins or ends nearest. */
function axis(sstables: readonly SSTableFacts[]): Html {
  const ends = sstables.flatMap(({ from, to, minKey, maxKey }) => [
    { at: from, key: minKey },
    { at: to, key: maxKey },
  ])
  const chosen = new Map<number, string>()
  for (const wanted of ticks) {
    const nearest = ends.reduce((best, end) =>
      Math.abs(end.at - wanted) < Math.abs(best.at - wanted) ? end : best,
    )
    const isApart = [...chosen.keys()].every((at) => Math.abs(at - nearest.at) > tickDistance)
    if (isApart) chosen.set(nearest.at, shortened(nearest.key))
  }
  return html`<div class="track">${[...chosen].map(
    ([at, key]) =>
      html`<span class="tick${at < 0.1 ? ' first' : at > 0.9 ? ' last' : ''}" style="left:${percent(at)}">${key}</span>`,
  )}</div>`
}

function shortened(key: readonly string[]): string {
  const text = printable(
    key.map((part) => part.replace(/T00:00:00\.000Z$/, '').replace(/T(\d\d:\d\d):00\.000Z$/, ' $1')).join(' '),
  )
  return text.length > 24 ? `${text.slice(0, 23)}…` : text
}
