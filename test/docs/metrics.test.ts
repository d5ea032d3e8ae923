// Holds docs/metrics.md to the code: every key of `db.metrics()` and `table.stats()` stands in a table of the page, and
// every key that stands there exists.

import { readFileSync } from 'node:fs'
import { open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'

const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')

/** Paths to all leaves: `flushes`, `cache.hits`, `levels[].rows`. */
function pathsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return pathsOf(value[0], `${path}[]`)
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, path === '' ? key : `${path}.${key}`))
}

/** A summary's own fields are explained once, for all histograms. */
function split(paths: readonly string[]): { readonly keys: string[]; readonly summary: string[] } {
  const latency = /^(latencies\.\w+)\.(\w+)$/
  const keys = paths.map((path) => path.replace(latency, '$1'))
  const summary = paths.flatMap((path) => latency.exec(path)?.[2] ?? [])
  return { keys: unique(keys), summary: unique(summary) }
}

const unique = (names: readonly string[]) => [...new Set(names)].sort()

/** The names in the first column of the tables in a section. */
function named(section: string): string[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? ''
  const cells = [...text.matchAll(/^\| ([^|]*)\|/gm)].map(([, cell = '']) => cell)
  return unique(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)))
}

test('every metric is explained in docs/metrics.md, and nothing else is', async () => {
  const db = await open('db', { fileSystem: new MemoryFileSystem(), workers: 0 })
  const table = await db.table('rows', { columns: { key: t.int32() }, key: ['key'] })
  await table.put({ key: 1 })
  await table.flush()
  const database = split(pathsOf(db.metrics()))
  const one = split(pathsOf(table.stats()))
  const common = one.keys.filter((key) => database.keys.includes(key))
  expect(named('Of a database and of a table')).toEqual(common)
  expect(named('Of a database only')).toEqual(database.keys.filter((key) => !common.includes(key)))
  expect(named('Of a table only')).toEqual(one.keys.filter((key) => !common.includes(key)))
  expect(named('Latencies')).toEqual(database.summary)
  expect(one.summary).toEqual(database.summary)
  await db.close()
})
