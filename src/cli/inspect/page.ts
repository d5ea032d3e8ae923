// The facts as one page of HTML that needs nothing else: no script, style, font or image from elsewhere.

import { bytesText, countText, percentText } from '../quantities.js'
import type { Facts, FileFacts, TableFacts } from './facts.js'
import { type Html, html, raw } from './html.js'
import { filePanel } from './page-file.js'
import { levelsFigure } from './page-levels.js'
import { pageScript } from './page-script.js'
import { pageStyle } from './page-style.js'

/** Panels for so many SSTables: enough to look at, and the page stays one that a browser opens at once. */
const panelsMax = 300

/** The whole page. */
export function factsPage(facts: Facts): string {
  const body =
    facts.kind === 'file' ? [filePage(facts)] : facts.tables.map((table, i) => tableSection(table, `t${i}`))
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${facts.path} · marquetry inspect</title>
<link rel="icon" href="data:,">
<style>${raw(pageStyle)}</style>
</head>
<body>
<header>
${inlay}
<div><p class="kind">${facts.kind === 'file' ? 'Parquet file' : 'marquetry database'}</p><h1>${facts.path}</h1></div>
</header>
<main>${body}${emptyNote(facts)}</main>
<footer>marquetry inspect · read from the files alone, without a lock</footer>
<div id="tip" role="tooltip" hidden></div>
<script>${raw(pageScript)}</script>
</body>
</html>
`
  return page.markup
}

/** Four veneers, inlaid. */
const inlay =
  raw(`<svg class="inlay" viewBox="0 0 40 40" aria-hidden="true"><path d="M0 0h40L20 20z" fill="var(--w1)"/><path
 d="M40 0v40L20 20z" fill="var(--w2)"/><path d="M40 40H0l20-20z" fill="var(--w3)"/><path d="M0 40V0l20 20z" fill="var(--w4)"/></svg>`)

function emptyNote(facts: Facts): Html | undefined {
  return facts.kind === 'database' && facts.tables.length === 0
    ? html`<p class="note">This database has no tables.</p>`
    : undefined
}

/** A number and what it counts. */
export function tile(value: string, label: string, detail = ''): Html {
  return html`<div class="tile"><b>${value}</b><span>${label}</span>${detail === '' ? undefined : html`<small>${detail}</small>`}</div>`
}

function tableSection(table: TableFacts, id: string): Html {
  const { name, columns, key, logs, sstables, depths, levels } = table
  const sum = (of: (sstable: (typeof sstables)[number]) => number) =>
    sstables.reduce((total, sstable) => total + of(sstable), 0)
  const [rows, tombstones, bytes] = [sum((s) => s.rows), sum((s) => s.tombstones), sum((s) => s.file.bytes)]
  const logBytes = logs.reduce((total, log) => total + log.bytes, 0)
  const isKey = new Set(key)
  const shown = sstables.slice(0, panelsMax)
  return html`<section class="table" id="${id}">
<h2>${name}</h2>
<p class="columns">${columns.map(
    (column) =>
      html`<span class="column${isKey.has(column.name) ? ' key' : ''}"><b>${column.name}</b> ${column.type}${column.nullable ? ' or null' : ''}</span>`,
  )}</p>
<div class="tiles">
${tile(countText(sstables.length), 'SSTables', `${countText(levels.length)} levels with data`)}
${tile(countText(rows), 'stored rows', 'all versions counted')}
${tile(bytesText(bytes), 'Parquet', rows === 0 ? '' : `${(bytes / rows).toFixed(1)} bytes a row`)}
${tile(rows === 0 ? '0 %' : percentText(tombstones / rows), 'tombstones', countText(tombstones))}
${tile(String(Math.max(0, ...depths.map(({ runs }) => runs))), 'runs deep', 'most that one key meets')}
${tile(bytesText(logBytes), 'in logs', `${logs.length} ${logs.length === 1 ? 'log' : 'logs'}, not yet flushed`)}
</div>
${sstables.length === 0 ? html`<p class="note">Nothing has been flushed yet: there are no SSTables.</p>` : levelsFigure(table, id)}
<div class="panels">${shown.map((sstable) => html`<div class="panel" id="${id}-p${sstable.number}" hidden>${filePanel(sstable.file, sstable)}</div>`)}</div>
</section>`
}

function filePage({ file }: FileFacts): Html {
  const rawBytes = file.rowGroups
    .flatMap(({ chunks }) => chunks)
    .reduce((sum, chunk) => sum + chunk.rawBytes, 0)
  return html`<section class="table">
<div class="tiles">
${tile(countText(file.rows), 'rows')}
${tile(bytesText(file.bytes), 'stored', `${bytesText(rawBytes)} before compression`)}
${tile(countText(file.rowGroups.length), 'row groups')}
${tile(countText(file.columns.length), 'columns')}
</div>
<div class="panel">${filePanel(file, undefined)}</div>
</section>`
}
