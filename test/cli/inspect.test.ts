// `inspect`: what it finds in a database that somebody has open, in a single file, and where it draws keys.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { open, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import type { DatabaseFacts, FileFacts } from '#src/cli/inspect/facts.js'
import { type AxisTable, keyAxis } from '#src/cli/inspect/key-axis.js'
import { testSeed } from '../test-seed.js'
import { run, temporaryDirectory } from './run-cli.js'

const sample = fileURLToPath(new URL('../../data-samples/flights-20k.parquet', import.meta.url))

/** Every file below a directory, with a digest of its content and its time. */
function stateOf(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const stat = statSync(join(directory, name))
      const digest = stat.isFile()
        ? createHash('md5')
            .update(readFileSync(join(directory, name)))
            .digest('hex')
        : ''
      return `${name} ${digest} ${stat.mtimeMs}`
    })
}

async function makeDatabase(path: string) {
  const db = await open(path, { workers: 0, flushOnClose: false })
  const table = await db.table('rows', {
    columns: { day: t.date(), id: t.int64(), word: t.utf8().nullable() },
    key: ['day', 'id'],
  })
  await table.pauseCompaction()
  const day = (n: number) => new Date(Date.UTC(2026, 0, n))
  for (let i = 1; i <= 100; i++) await table.put({ day: day(1), id: BigInt(i), word: `word ${i % 7}` })
  await table.flush()
  await table.put({ day: day(2), id: 2n ** 60n })
  await table.delete([day(1), 7n])
  await table.flush()
  await table.put({ day: day(3), id: 1n })
  return db
}

describe('of a database', () => {
  test('it tells levels, files, key ranges and filters, beside its owner and without touching a thing', async () => {
    const path = join(temporaryDirectory(), 'db')
    const db = await makeDatabase(path)
    const before = stateOf(path)
    const { stdout, stderr, code } = await run(['inspect', path, '--json'])
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(stateOf(path)).toEqual(before)
    const { kind, tables } = JSON.parse(stdout) as DatabaseFacts
    const [table] = tables
    expect(kind).toBe('database')
    expect(table).toMatchObject({
      name: 'rows',
      key: ['day', 'id'],
      columns: [
        { name: 'day', type: 'date', nullable: false },
        { name: 'id', type: 'int64' },
        { name: 'word', nullable: true },
      ],
      levels: [{ level: 0, runs: 2, sstables: 2, rows: 102, tombstones: 1 }],
    })
    expect(table?.logs).toHaveLength(1)
    const [newest, oldest] = table?.sstables ?? []
    expect(newest).toMatchObject({
      minKey: ['2026-01-01', '7'],
      maxKey: ['2026-01-02', '1152921504606846976'],
      rows: 2,
      tombstones: 1,

      to: 1,
    })
    expect(oldest).toMatchObject({
      minKey: ['2026-01-01', '1'],
      maxKey: ['2026-01-01', '100'],
      rows: 100,
      keys: 100,
      tombstones: 0,
      from: 0,
      filter: { keys: 100, errorRate: 0.001 },
    })
    expect(oldest?.file.rows).toBe(100)
    expect(oldest?.file.columns.map(({ name }) => name)).toEqual(['day', 'id', 'word', '_seq', '_deleted'])
    for (const chunk of oldest?.file.rowGroups[0]?.chunks ?? []) {
      expect(chunk.pages).toBe(1)
      expect(chunk.codec).toBe('SNAPPY')
      expect(chunk.bytes).toBeGreaterThan(0)
    }
    expect(table?.depths.map(({ runs }) => runs)).toEqual([1, 2, 1])
    await db.close()
  })

  test('the text says the same, without colours where nobody sees them', async () => {
    const path = join(temporaryDirectory(), 'db')
    await (await makeDatabase(path)).close()
    const { stdout } = await run(['inspect', `${path}/`])
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toContain('rows  day date, id int64, word utf8?; key day, id\n')
    expect(stdout).toContain('  level 0   2 runs, 2 SSTables, 102 rows, 1 tombstone (1.0 %), ')
    expect(stdout).toMatch(/L0 +2 +0*\d+ +2 +1 .* none {2}2026-01-01 7 … 2026-01-02 1152921504606846976\n/)
    expect(stdout).toMatch(/\n {2}word +BYTE_ARRAY STRING +[A-Z_ ]+ SNAPPY +1 /)
  })

  test('the page is one file that names every SSTable', async () => {
    const path = join(temporaryDirectory(), 'db')
    await (await makeDatabase(path)).close()
    const { stdout } = await run(['inspect', path, '--html', '-'])
    expect(stdout).toMatch(/^<!doctype html>/)
    expect(stdout).not.toMatch(/(src|href)="(?!data:)/)
    expect([...stdout.matchAll(/class="sstable"/g)]).toHaveLength(2)
  })
})

describe('of anything else', () => {
  test('a single Parquet file shows its row groups and columns', async () => {
    const facts = JSON.parse((await run(['inspect', sample, '--json'])).stdout) as FileFacts
    expect(facts.kind).toBe('file')
    expect(facts.file.rows).toBe(20_000)
    const rows = facts.file.rowGroups.reduce((sum, group) => sum + group.rows, 0)
    expect(rows).toBe(20_000)
    expect((await run(['inspect', sample])).stdout).toContain('20,000 rows, ')
  })

  test.each([
    ['what is not there', 'nowhere', 'MARQUETRY_NOT_A_DATABASE'],
    ['a directory of something else', '.', 'MARQUETRY_NOT_A_DATABASE'],
    ['a file that is no Parquet', 'package.json', 'MARQUETRY_INVALID_INPUT'],
  ])('%s is refused', async (_, path, errorCode) => {
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    const { stderr, code } = await run(['inspect', path], { cwd })
    expect(stderr).toMatch(new RegExp(`^marquetry: ${errorCode}: .*\\n$`))
    expect(code).toBe(1)
  })
})

describe('keys on the axis', () => {
  const table = fc
    .tuple(
      fc.uint8Array({ maxLength: 2 }),
      fc.uint8Array({ maxLength: 2 }),
      fc.nat({ max: 1000 }),
      fc.nat({ max: 4 }),
    )
    .map(([a, b, rows, run]): AxisTable => {
      const [minKey, maxKey] = Buffer.compare(a, b) <= 0 ? [a, b] : [b, a]
      return { minKey, maxKey, rows, run }
    })

  test('stand as they do by their bytes, every table has a width, and together they fill the axis', () => {
    fc.assert(
      fc.property(fc.array(table, { minLength: 1, maxLength: 12 }), (tables) => {
        const { places, depths } = keyAxis(tables)
        expect(Math.min(...places.map(({ from }) => from))).toBe(0)
        expect(Math.max(...places.map(({ to }) => to))).toBeCloseTo(1)
        for (const [i, a] of tables.entries()) {
          expect(places[i]!.to).toBeGreaterThan(places[i]!.from)
          for (const [j, b] of tables.entries()) {
            const overlapByKey =
              Buffer.compare(a.minKey, b.maxKey) <= 0 && Buffer.compare(b.minKey, a.maxKey) <= 0
            expect(places[i]!.from < places[j]!.to && places[j]!.from < places[i]!.to).toBe(overlapByKey)
          }
        }
        depths.forEach(({ from, to, runs }, i) => {
          expect(from).toBe(i === 0 ? 0 : depths[i - 1]!.to)
          const middle = (from + to) / 2
          const over = tables.filter((_, k) => places[k]!.from < middle && middle < places[k]!.to)
          expect(new Set(over.map(({ run }) => run)).size).toBe(runs)
        })
      }),
      { seed: testSeed, numRuns: 300 },
    )
  })
})
