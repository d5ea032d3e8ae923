// The inside of a Parquet file: a bar per row group, cut into its columns by their bytes, and a table of the columns.

import { printable } from '../format-rows.js'
import { bytesText, countText, percentText, plural } from '../quantities.js'
import type { ChunkFacts, ParquetFacts, RowGroupFacts, SSTableFacts } from './facts.js'
import { type Html, html } from './html.js'
import { columnTotals, keyRangeText } from './text.js'

const barsMax = 24

/** What a panel shows of a file; `sstable`: the SSTable whose data it is. */
export function filePanel(file: ParquetFacts, sstable: SSTableFacts | undefined): Html {
  const name = sstable === undefined ? file.path : `SSTable ${String(sstable.number).padStart(6, '0')}`
  const most = Math.max(1, ...file.rowGroups.map(({ bytes }) => bytes))
  const shown = file.rowGroups.slice(0, barsMax)
  return html`<h3>${name}</h3>
<p class="facts">${factsOf(file, sstable).map((fact) => html`<span>${fact}</span>`)}</p>
<div class="groups">${shown.map((group, i) => groupBar(group, i, most))}</div>
${shown.length < file.rowGroups.length ? html`<p class="note">and ${countText(file.rowGroups.length - shown.length)} more row groups</p>` : undefined}
<div class="scroll"><table>
<thead><tr><th>column</th><th>type</th><th>encodings</th><th>codec</th><th class="n">pages</th><th class="n">stored</th><th class="n">raw</th><th class="ratio">stored of raw</th></tr></thead>
<tbody>${columnTotals(file).map(
    (
      column,
      i,
    ) => html`<tr><td><i class="swatch c${String((i % 8) + 1)}"></i>${printable(column.name)}</td><td>${column.type}</td>
<td>${column.encodings.join(' ')}${column.bloomFilterBytes > 0 ? ' + bloom filter' : ''}</td><td>${column.codecs.join(' ')}</td>
<td class="n">${column.pages === undefined ? '?' : countText(column.pages)}</td><td class="n">${bytesText(column.bytes)}</td><td class="n">${bytesText(column.rawBytes)}</td>
<td class="ratio"><span><i style="width:${(Math.min(1, column.bytes / Math.max(1, column.rawBytes)) * 100).toFixed(1)}%"></i></span>${percentText(column.bytes / Math.max(1, column.rawBytes))}</td></tr>`,
  )}</tbody></table></div>`
}

function factsOf(file: ParquetFacts, sstable: SSTableFacts | undefined): readonly string[] {
  const sorted = file.rowGroups[0]?.sortedBy ?? []
  return [
    ...(sstable === undefined ? [] : [keyRangeText(sstable)]),
    plural(file.rows, 'row'),
    bytesText(file.bytes),
    ...(sorted.length === 0 ? [] : [`sorted by ${sorted.join(', ')}`]),
    ...(sstable?.filter === undefined
      ? []
      : [`key filter ${bytesText(sstable.filter.bytes)}, ${sstable.filter.hashes} hashes`]),
    ...(sstable === undefined ? [] : [`sidecars ${bytesText(sstable.sidecarBytes)}`]),
    ...(file.createdBy === undefined ? [] : [file.createdBy]),
  ]
}

function groupBar(group: RowGroupFacts, index: number, most: number): Html {
  return html`<div class="group"><small>row group ${String(index)} · ${plural(group.rows, 'row')}</small>
<div class="bar" style="width:${((group.bytes / most) * 100).toFixed(2)}%">${group.chunks.map((chunk, i) => chunkPart(chunk, i))}</div></div>`
}

function chunkPart(chunk: ChunkFacts, i: number): Html {
  const entries: readonly (readonly [string, string])[] = [
    ['stored', `${bytesText(chunk.bytes)} of ${bytesText(chunk.rawBytes)}`],
    ['encodings', chunk.encodings.join(' ')],
    ['codec', chunk.codec],
    [
      'pages',
      `${chunk.pages ?? '?'}${chunk.dictionaryBytes > 0 ? `, dictionary ${bytesText(chunk.dictionaryBytes)}` : ''}`,
    ],
    ['values', chunk.min === undefined ? '?' : printable(`${chunk.min} … ${chunk.max}`)],
    ...(chunk.nulls === undefined ? [] : [['nulls', countText(chunk.nulls)] as const]),
  ]
  const tip = html`<b>${printable(chunk.column)}</b><dl>${entries.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>`
  return html`<span class="c${String((i % 8) + 1)}" style="flex-grow:${String(Math.max(1, chunk.bytes))}" data-tip="${tip.markup}"><b>${printable(chunk.column)}</b></span>`
}
