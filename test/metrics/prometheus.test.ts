// Metrics in Prometheus's text format: its grammar, its conventions, and that nothing is left out.

import { readFileSync } from 'node:fs'
import { type Metrics, open, prometheusText, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'

async function someMetrics(): Promise<Metrics> {
  const db = await open('db', { fileSystem: new MemoryFileSystem(), workers: 0 })
  const table = await db.table('rows', { columns: { key: t.int32() }, key: ['key'] })
  await table.put({ key: 1 })
  await table.flush()
  await table.get(1)
  const metrics = db.metrics()
  await db.close()
  return metrics
}

const head =
  /^# (?:HELP (?<help>[a-zA-Z_:][a-zA-Z0-9_:]*) .+|TYPE (?<type>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<kind>counter|gauge|summary))$/
const sample =
  /^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (?<value>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/

interface Parsed {
  readonly kinds: ReadonlyMap<string, string>
  readonly values: ReadonlyMap<string, number>
}

/** Reads a text as its grammar is, and checks its order: HELP, TYPE, then all samples of the family, once. */
function parse(text: string): Parsed {
  expect(text.endsWith('\n')).toBe(true)
  const kinds = new Map<string, string>()
  const values = new Map<string, number>()
  let family = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const { help, type, kind = '' } = head.exec(line)?.groups ?? {}
    if (help !== undefined) {
      expect(kinds.has(help), line).toBe(false)
      family = help
    } else if (type !== undefined) {
      expect(type, line).toBe(family)
      kinds.set(type, kind)
    } else {
      const {
        name = '',
        labels = '',
        value,
      } = sample.exec(line)?.groups ?? expect.fail(`not a sample: ${line}`)
      const of = kinds.get(family) === 'summary' ? name.replace(/_(sum|count)$/, '') : name
      expect(of, line).toBe(family)
      expect(kinds.has(family), line).toBe(true)
      expect(values.has(`${name}{${labels}}`), line).toBe(false)
      values.set(`${name}{${labels}}`, Number(value))
    }
  }
  return { kinds, values }
}

test('the text is of the format, and its names are as Prometheus wants them', async () => {
  const { kinds, values } = parse(prometheusText(await someMetrics()))
  for (const [name, kind] of kinds) {
    expect(name).toMatch(/^marquetry_[a-z_]+$/)
    expect(name.endsWith('_total'), name).toBe(kind === 'counter')
  }
  expect(values.get('marquetry_puts_total{}')).toBe(1)
  expect(values.get('marquetry_gets_total{result="hit"}')).toBe(1)
  expect(values.get('marquetry_level_rows{level="0"}')).toBe(1)
  expect(values.get('marquetry_write_duration_seconds_count{}')).toBe(1)
})

test('labels are on every sample, escaped', async () => {
  const { values } = parse(prometheusText(await someMetrics(), { labels: { database: 'a"\\\nb' } }))
  for (const name of values.keys()) expect(name).toContain('database="a\\"\\\\\\nb"')
})

/** All leaves of plain data, as paths. */
function leaves(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]))
}

test('every metric is in the text', async () => {
  const metrics = await someMetrics()
  const before = prometheusText(metrics)
  for (const path of leaves(metrics)) {
    const changed = structuredClone(metrics)
    let owner = changed as unknown as Record<string, unknown>
    for (const name of path.slice(0, -1)) owner = owner[name] as Record<string, unknown>
    const last = path.at(-1)!
    owner[last] = owner[last] === false ? true : (owner[last] as number) + 7
    // A mean is in the sum, which is 0 where nothing was counted.
    if (last === 'mean') owner['count'] = 1
    expect(prometheusText(changed), path.join('.')).not.toBe(before)
  }
})

test('docs/metrics.md lists the names', async () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  const section = page.split(/^## /m).find((part) => part.startsWith('Prometheus\n')) ?? ''
  const { kinds } = parse(prometheusText(await someMetrics()))
  expect([...section.matchAll(/`(marquetry_\w+)`/g)].map(([, name]) => name)).toEqual([...kinds.keys()])
})
