// Plays a script to a database and compares what it finds with what the script says. The engine is given, so that a
// mutated one can be played to as well.

import { createHash } from 'node:crypto'
import { parquetReadObjects } from 'hyparquet'
import type * as marquetry from 'marquetry'
import type { CompactionOptions, Database, FileSystem, OpenOptions, Snapshot, t } from 'marquetry'
import { type Key, keyOf, type Look, type Operation, type Row, type Script, type Step } from './script.js'

export interface Stage {
  readonly open: typeof marquetry.open
  readonly t: typeof t
  readonly directory: string
  readonly options: OpenOptions
  /** Where the table's files lie; also of the options, if it is not node's. */
  readonly fs: FileSystem
  readonly compaction: CompactionOptions
  /** Row groups are so small that a full merge may carry some over as bytes, with their sequence numbers. */
  readonly carries?: boolean
  /** Taken in turn instead of `compaction`, each after so many merges. */
  readonly turns?: { readonly compactions: readonly CompactionOptions[]; readonly merges: number }
}

/** What was played. */
export interface Played {
  merges: number
  moves: number
  /** Times that another strategy was taken. */
  switches: number
  /** Digest of all rows that were read, in their order. */
  seen: string
}

const stepsShown = 12

class Player {
  readonly #stage: Stage
  readonly #script: Script
  readonly #snapshots = new Map<number, Snapshot>()
  readonly #played: Played = { merges: 0, moves: 0, switches: 0, seen: '' }
  readonly #seen = createHash('sha256')
  /** Rejects at the first failure that no caller is told of. */
  readonly #failure: Promise<never>
  #fail: (error: Error) => void = () => {}
  #db!: Database
  #table!: Awaited<ReturnType<Player['openTable']>>

  constructor(stage: Stage, script: Script) {
    this.#stage = stage
    this.#script = script
    this.#failure = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.#failure.catch(() => {})
  }

  openTable() {
    const { t } = this.#stage
    const columns = { note: t.utf8().nullable(), group: t.utf8(), id: t.int32(), value: t.int32() }
    return this.#db.table('rows', { columns, key: ['group', 'id'] })
  }

  async play(): Promise<Played> {
    const { steps } = this.#script
    await this.#open()
    let at = 0
    try {
      for (; at < steps.length; at++) {
        await Promise.race([this.#failure, this.#step(steps[at]!)])
      }
      await Promise.race([this.#failure, this.#end()])
    } catch (error) {
      const before = steps.slice(Math.max(0, at - stepsShown), at + 1).map((step) => `  ${describe(step)}`)
      const what = error instanceof Error ? error.message : String(error)
      throw new Error(`${what}\nat step ${at} of ${steps.length}:\n${before.join('\n')}`, { cause: error })
    } finally {
      await this.#db.close().catch(() => {})
    }
    this.#played.seen = this.#seen.digest('hex')
    return this.#played
  }

  async #open(flushOnClose = true): Promise<void> {
    const { open, directory, options, compaction } = this.#stage
    this.#db = await open(directory, { ...options, compaction, flushOnClose })
    this.#db.on('backgroundError', ({ error }) => this.#fail(error))
    this.#db.on('compaction', (event) => {
      // Closing cancels merges.
      if (event.phase === 'failed' && !isAborted(event.error)) this.#fail(event.error)
      if (event.phase === 'end') this.#merged(event.isMove)
    })
    this.#table = await this.openTable()
  }

  #merged(isMove: boolean): void {
    const played = this.#played
    if (isMove) played.moves++
    else played.merges++
    const { turns } = this.#stage
    if (turns === undefined || (played.merges + played.moves) % turns.merges !== 0) return
    // In the middle of things, as a caller might.
    this.#table.setCompaction(turns.compactions[played.switches++ % turns.compactions.length]!)
  }

  async #step(step: Step): Promise<void> {
    const table = this.#table
    switch (step.do) {
      case 'write':
        return this.#write(step.operations)
      case 'delete range':
        await Promise.all([
          this.#write(step.before),
          table.deleteRange(step.range as object),
          this.#write(step.after),
        ])
        return
      case 'flush':
        return table.flush()
      case 'compact':
        return table.compact(step.range as object)
      case 'open snapshot':
        this.#snapshots.set(step.snapshot, table.snapshot())
        return
      case 'close snapshot':
        this.#snapshots.get(step.snapshot)!.close()
        this.#snapshots.delete(step.snapshot)
        return
      case 'reopen':
        await this.#db.close()
        return this.#open(step.flushOnClose)
      case 'look':
        return this.#look(step.look)
      case 'look at files':
        return this.#lookAtFiles(step.rows)
    }
  }

  #write(operations: readonly Operation[]): Promise<void> {
    return this.#table.batch(operations as never)
  }

  async #look({ snapshot, range, reverse, limit, rows, gets }: Look): Promise<void> {
    const table = this.#table
    const read = snapshot === undefined ? {} : { snapshot: this.#snapshots.get(snapshot)! }
    const scan = table.scan({ ...range, ...read, reverse, ...(limit === undefined ? {} : { limit }) } as object)
    const scanned = (await scan.toArray()) as unknown as Row[]
    this.#note(scanned)
    expectRows(scanned, rows, 'a scan')
    const count = await scan.count()
    if (count !== rows.length) throw new Error(`a count gives ${count} instead of ${rows.length}`)
    const keys = gets.map(({ key }) => key)
    const many = await table.getMany(keys as never, read)
    for (const [i, { key, row }] of gets.entries()) {
      const got = [await table.get(key as never, read), table.getSync(key as never, read), many[i]]
      this.#note(got as unknown as readonly (Row | undefined)[])
      for (const found of got)
        expectRows(found ? [found as unknown as Row] : [], row ? [row] : [], `a get of ${key.join(' ')}`)
    }
  }

  #note(rows: readonly (Row | undefined)[]): void {
    for (const row of rows) this.#seen.update(`${textOf(row)}\n`)
    this.#seen.update('\n')
  }

  /** What other engines see: of each key the row with the greatest `_seq`, if it is not deleted. */
  async #lookAtFiles(rows: readonly Row[]): Promise<void> {
    const table = this.#table
    await table.flush()
    await table.pauseCompaction()
    const newest = new Map<string, StoredRow>()
    for (const row of await this.#stored()) {
      const key = `${row.group} ${row.id}`
      const other = newest.get(key)
      if (other?._seq === row._seq) throw new Error(`two rows have key ${key} and _seq ${row._seq}`)
      if (other === undefined || other._seq < row._seq) newest.set(key, row)
    }
    table.resumeCompaction()
    const live = [...newest.values()].filter((row) => !row._deleted)
    const byName = (a: Row, b: Row) => (`${a.group} ${a.id}` < `${b.group} ${b.id}` ? -1 : 1)
    expectRows(live.sort(byName), [...rows].sort(byName), 'the files')
  }

  async #stored(): Promise<StoredRow[]> {
    const rows: StoredRow[] = []
    for (const { path } of this.#table.files()) {
      const handle = await this.#stage.fs.open(path, 'read')
      const bytes = new Uint8Array(await handle.size())
      await handle.read(bytes, 0)
      await handle.close()
      rows.push(...((await parquetReadObjects({ file: bytes.buffer })) as unknown as StoredRow[]))
    }
    return rows
  }

  /** All that has come about; then, merged into one, that there is one row of each key and nothing else. */
  async #end(): Promise<void> {
    const { rows } = this.#script
    const whole: Look = { range: {}, reverse: false, rows, gets: [] }
    await this.#look(whole)
    await this.#table.flush()
    await this.#table.compactionIdle()
    await this.#look(whole)
    await this.#table.compact()
    await this.#table.compactionIdle()
    await this.#look(whole)
    const stored = await this.#stored()
    const odd = stored.find((row) => (row._seq !== 0n && !this.#stage.carries) || row._deleted)
    if (odd !== undefined)
      throw new Error(`after a full merge there is _seq ${odd._seq}, _deleted ${odd._deleted}`)
    await this.#lookAtFiles(rows)
    if (stored.length !== rows.length) throw new Error(`${stored.length} rows are stored for ${rows.length}`)
    const { fs, directory } = this.#stage
    const folders = await fs.list(`${directory}/rows/sst`)
    const files = this.#table.files()
    if (folders.length !== files.length) throw new Error(`${folders.length} folders for ${files.length} files`)
    const left = await fs.list(`${directory}/rows/tmp`)
    if (left.length > 0) throw new Error(`tmp/ holds ${left.join(', ')}`)
    await this.#db.close()
  }
}

type StoredRow = Row & { readonly _seq: bigint; readonly _deleted: boolean }

function expectRows(found: readonly Row[], expected: readonly Row[], what: string): void {
  for (let i = 0; i < Math.max(found.length, expected.length); i++) {
    const [is, should] = [textOf(found[i]), textOf(expected[i])]
    if (is === should) continue
    throw new Error(
      `${what}: row ${i} of ${found.length}, expected ${expected.length}: found ${is}, expected ${should}`,
    )
  }
}

function textOf(row: Row | undefined): string {
  return row === undefined ? 'none' : `${keyOf(row).join(' ')} ${row.value} ${row.note}`
}

function isAborted(error: Error): boolean {
  return 'code' in error && error.code === 'MARQUETRY_ABORTED'
}

/** A step in a line. */
export function describe(step: Step): string {
  const text = (key: Key | readonly [string] | undefined) => key?.join(' ') ?? 'the end'
  switch (step.do) {
    case 'write':
      return `write ${step.operations.length}`
    case 'delete range':
      return `write ${step.before.length}, delete ${text(step.range.gte)} to ${text(step.range.lt)}, write ${step.after.length}`
    case 'look':
      return `look at ${text(step.look.range.gte)} to ${text(step.look.range.lt)}, snapshot ${step.look.snapshot}`
    case 'look at files':
      return step.do
    default:
      return JSON.stringify(step)
  }
}

/** Plays a script. Throws an error that tells what was wrong and the last steps. */
export function play(stage: Stage, script: Script): Promise<Played> {
  return new Player(stage, script).play()
}
