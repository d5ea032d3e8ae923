// Runs the examples of docs/import-export.md, one after the other, as the page has them.

import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { inferSchema, open, t } from 'marquetry'
import { expect, onTestFinished, test } from 'vitest'
import { fencesOf } from './fences.js'

const files = {
  'flights.csv': 'day,origin,delay\n2001-01-01,ATL,5\n2001-01-01,ATL,\n2001-01-02,BOS,-3\n',
  'some-bad.csv': 'day,origin,delay\n2001-01-03,BOS,7\n2001-01-03,ATL,late\n',
  'flights.ndjson': '{"day":"2001-01-04","origin":"ATL","delay":9}\n',
}

test('the examples of docs/import-export.md do what the page says', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-docs-'))
  const before = process.cwd()
  process.chdir(directory)
  onTestFinished(() => {
    process.chdir(before)
    rmSync(directory, { recursive: true, force: true })
  })
  for (const [name, text] of Object.entries(files)) writeFileSync(name, text)
  const db = await open('mydata', { wal: 'async', workers: 1 })
  try {
    const fences = fencesOf(new URL('../../docs/import-export.md', import.meta.url))
    expect([...fences.values()].map(({ form }) => form)).toEqual([...fences].map(() => 'js'))
    const code = [...fences.values()].map(({ text }) => text).join('\n')
    const names = { db, t, inferSchema, createReadStream, createWriteStream, pipeline, seen: [] as unknown[] }
    const run = new Function(
      ...Object.keys(names),
      `return (async () => { ${code}\nreturn { result, rows, rejected, flights, copy, again, late } })()`,
    )
    const { result, rows, rejected, flights, copy, again, late } = await run(...Object.values(names))
    expect(readFileSync(new URL('../../docs/import-export.md', import.meta.url), 'utf8')).toContain(
      `// { rows: ${result.rows}, bytes: ${result.bytes}, rejected: ${result.rejected} }`,
    )
    expect([rows, rejected]).toEqual([1, 1])
    expect(JSON.parse(readFileSync('bad.ndjson', 'utf8'))).toMatchObject({
      line: 3,
      column: 'delay',
      record: '2001-01-03,ATL,late',
    })
    expect(names.seen).toEqual(await flights.scan().toArray())
    expect(names.seen).toHaveLength(5)
    expect(await copy.scan().count()).toBe(3)
    expect(await again.scan().count()).toBe(5)
    expect(again.stats()).toMatchObject({ loads: 1, logBytes: 0 })
    expect(await late.scan().toArray()).toEqual([{ day: new Date('2001-01-04'), number: 0, delay: 9 }])
    for (const name of ['atl.parquet', 'tree/origin=ATL/part-0.parquet', 'tree/origin=BOS/part-0.parquet']) {
      expect([name, existsSync(name)]).toEqual([name, true])
    }
    expect(readFileSync('delays.csv', 'utf8')).toBe(
      'day,origin,number,delay\n2001-01-02,BOS,0,-3\n2001-01-03,BOS,0,7\n2001-01-04,ATL,0,9\n',
    )
    expect(readFileSync('all.ndjson', 'utf8').split('\n')[1]).toBe(
      '{"day":"2001-01-01","origin":"ATL","number":1,"delay":null}',
    )
  } finally {
    await db.close()
  }
})
