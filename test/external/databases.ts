// Small random databases for other programs to read: overwrites, deletes, several runs, columns added later, merges now
// and then, and names and folders that want quoting.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, open, type Table, t } from 'marquetry'
import { seededRandom } from '#src/util/seeded-random.js'

export interface SmallDatabase {
  readonly db: Database
  readonly table: Table
  /** Columns in the schema's order. */
  readonly names: readonly string[]
  close(): Promise<void>
}

const folders = ['plain', "it's", 'a [b] c', 'flag=1', 'd"q', 'back\\slash', 'ünï']
const valueNames = ['n', 'a "quoted" one', "it's", 'back`tick', 'flag', 'sel\\ect', 'white space', 'ß.dot']

/** Makes one by a seed. `folder` undefined: any of those that want quoting. */
export async function randomDatabase(seed: number, folder?: string): Promise<SmallDatabase> {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const home = mkdtempSync(join(tmpdir(), 'marquetry-external-'))
  const path = join(home, folder ?? folders[below(folders.length)]!)
  const [a, b, c, late] = [...valueNames].sort(() => random() - 0.5) as [string, string, string, string]
  const key = below(2) === 0 ? ['k'] : ['k "1"', 'k`2']
  const columns = [
    [key[0]!, t.utf8()],
    [a, t.int32().nullable()],
    ...(key.length > 1 ? [[key[1]!, t.int64()] as const] : []),
    [b, t.bool()],
    [c, t.utf8().nullable()],
  ] as const
  const added = [...columns, [late, t.float64().nullable()] as const]
  const options = { wal: 'async', workers: 0 } as const
  let db = await open(path, options)
  let table = (await db.table('rows', { columns, key } as never)) as Table
  await table.pauseCompaction()
  const growsAfter = below(6)
  for (let step = 0; step < 1 + below(5); step++) {
    if (step === growsAfter) {
      await db.close()
      db = await open(path, options)
      table = (await db.table('rows', { columns: added, key } as never)) as Table
      await table.pauseCompaction()
    }
    for (let i = below(30); i > 0; i--) {
      const parts = [`key ${below(20)}`, BigInt(below(2)) * 2n ** 50n]
      if (below(4) === 0) await table.delete(key.length > 1 ? parts : parts[0])
      else {
        const row = {
          [a]: below(3) === 0 ? null : below(100) - 50,
          [b]: below(2) === 0,
          [c]: below(3) === 0 ? null : `it's "${below(9)}" é`,
          ...(step >= growsAfter ? { [late]: below(10) / 4 } : {}),
        }
        await table.put({ ...row, ...Object.fromEntries(key.map((name, k) => [name, parts[k]])) })
      }
    }
    if (below(4) > 0) await table.flush()
    if (below(5) === 0) await table.compact()
  }
  return {
    db,
    table,
    names: table.schema.columns.map(({ name }) => name),
    close: async () => {
      await db.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Rows as sorted lines, for rows that come in no order. */
export function linesOf(
  rows: readonly Readonly<Record<string, unknown>>[],
  names: readonly string[],
): string[] {
  const text = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value) : String(value ?? null))
  return rows.map((row) => names.map((name) => text(row[name])).join(' | ')).sort()
}
