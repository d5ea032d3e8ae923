// Sources that come as fast as a test lets them, so that things can happen while an import runs; and tables for them.

import { type Database, type OpenOptions, open, t } from 'marquetry'
import { onTestFinished } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'

/** CSV that is pushed piece by piece. */
export interface GatedCsv {
  readonly source: AsyncIterable<Uint8Array>
  /** Resolves when the import has asked for rows: a sorted one has its place in the order of writes then. */
  readonly begun: Promise<void>
  push(...lines: readonly string[]): void
  end(): void
  fail(error: Error): void
}

export function gatedCsv(header: string): GatedCsv {
  const pieces: (string | Error | undefined)[] = []
  let wake = () => {}
  let began = () => {}
  const begun = new Promise<void>((resolve) => {
    began = resolve
  })
  const add = (piece: string | Error | undefined) => {
    pieces.push(piece)
    wake()
  }
  async function* source() {
    yield Buffer.from(`${header}\n`)
    began()
    for (;;) {
      while (pieces.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      const piece = pieces.shift()
      if (piece === undefined) return
      if (piece instanceof Error) throw piece
      yield Buffer.from(piece)
    }
  }
  return {
    source: source(),
    begun,
    push: (...lines) => add(`${lines.join('\n')}\n`),
    end: () => add(undefined),
    fail: add,
  }
}

export const pairs = { columns: { key: t.int32(), value: t.int32() }, key: ['key'] } as const
export type Pairs = Awaited<ReturnType<typeof pairsOf>>

/** A table of pairs of numbers. */
export function pairsOf(db: Database, name = 'pairs') {
  return db.table(name, pairs)
}

/** A database in memory that merges nothing by itself, closed after the test. */
export async function memoryDatabase(
  options: OpenOptions = {},
): Promise<{ db: Database; fs: MemoryFileSystem }> {
  const fs = new MemoryFileSystem()
  const db = await open('db', { fileSystem: fs, compaction: { strategy: 'none' }, ...options })
  onTestFinished(() => db.close().catch(() => {}))
  return { db, fs }
}

/** The rows of a table as an object. */
export async function contentOf(table: Pairs, options = {}): Promise<Record<number, number>> {
  const rows = await table.scan(options).toArray()
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
}

/** A sorted import of CSV that has begun. */
export async function begin(table: Pairs, options: { readonly signal?: AbortSignal } = {}) {
  const csv = gatedCsv('key,value')
  const done = table.import(csv.source, { format: 'csv', sorted: true, ...options })
  done.catch(() => {})
  await csv.begun
  return { ...csv, done }
}
