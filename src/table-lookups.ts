// The point reads of a table: from a key to its row, in memory first, then in files.

import { MarquetryError } from './errors.js'
import type { Batch, Projection } from './format/batch.js'
import { encodeKey, type KeyBytes } from './format/key-codec.js'
import { RowBuilder, type RowObject } from './format/row-builder.js'
import type { Snapshot } from './format/row-types.js'
import { readAsync, readSync } from './fs/reading.js'
import { checkNames, readOptionNames } from './read-options.js'
import { resolveProjection, resolveSnapshot } from './read-targets.js'
import { findInMemory, findInRuns } from './tree/lookup.js'
import type { LsmTree } from './tree/lsm-tree.js'
import type { SuperVersion } from './tree/super-version.js'
import { compareBytes } from './util/bytes.js'
import { takeTurn, turnIsDue } from './util/turn.js'

/** The options of a lookup, as a caller gave them. */
export interface LookupOptions {
  readonly columns?: readonly unknown[] | undefined
  readonly snapshot?: Snapshot | undefined
}

interface Lookup {
  readonly key: KeyBytes
  readonly projection: Projection
  /** As of a snapshot. */
  readonly seq: number | undefined
}

/** Looks up rows by key. See the methods of these names in `Table`. */
export class TableLookups {
  readonly #tree: LsmTree

  constructor(tree: LsmTree) {
    this.#tree = tree
  }

  async get(key: unknown, options: LookupOptions): Promise<RowObject | undefined> {
    const lookup = this.#lookup(key, options)
    const batch = await this.#find(lookup)
    return batch && new RowBuilder(this.#tree.schema, lookup.projection).row(batch, 0)
  }

  getSync(key: unknown, options: LookupOptions): RowObject | undefined {
    const { metrics, schema, readers } = this.#tree
    const beganMs = metrics.getBegins()
    const { key: bytes, projection, seq: snapshot } = this.#lookup(key, options)
    const view = this.#tree.pin()
    try {
      const seq = snapshot ?? view.seq
      const inMemory = findInMemory(schema, view, bytes, seq, projection)
      const batch =
        inMemory === 'deleted'
          ? undefined
          : (inMemory ?? readSync(findInRuns(view, bytes, seq, projection, readers)))
      metrics.getEnds(beganMs, batch !== undefined)
      return batch && new RowBuilder(schema, projection).row(batch, 0)
    } finally {
      view.release()
    }
  }

  async has(key: unknown, options: LookupOptions): Promise<boolean> {
    const { key: bytes, seq } = this.#lookup(key, options)
    return (await this.#find({ key: bytes, projection: [], seq })) !== undefined
  }

  async getMany(keys: unknown, options: LookupOptions): Promise<(RowObject | undefined)[]> {
    checkNames(options, readOptionNames, 'lookups')
    if (!Array.isArray(keys)) throw new MarquetryError('MARQUETRY_INVALID_KEY', 'Keys are given as an array')
    const { schema } = this.#tree
    const projection = resolveProjection(this.#tree, options.columns)
    const wanted = keys.map((key: unknown, at) => ({ at, bytes: encodeKey(schema, key) }))
    wanted.sort((a, b) => compareBytes(a.bytes, b.bytes))
    const snapshot = resolveSnapshot(this.#tree, options.snapshot)
    const rows: (RowObject | undefined)[] = new Array(keys.length).fill(undefined)
    const builder = new RowBuilder(schema, projection)
    const view = this.#tree.pin()
    try {
      const seq = snapshot ?? view.seq
      for (const { at, bytes } of wanted) {
        const batch = await this.#findIn(view, { key: bytes, projection, seq })
        if (batch !== undefined) rows[at] = builder.row(batch, 0)
        if (turnIsDue()) await takeTurn()
      }
    } finally {
      view.release()
    }
    this.#tree.metrics.getManyEnds(rows)
    return rows
  }

  #lookup(key: unknown, options: LookupOptions): Lookup {
    checkNames(options, readOptionNames, 'lookups')
    return {
      key: encodeKey(this.#tree.schema, key),
      projection: resolveProjection(this.#tree, options.columns),
      seq: resolveSnapshot(this.#tree, options.snapshot),
    }
  }

  async #find(lookup: Lookup): Promise<Batch | undefined> {
    const { metrics } = this.#tree
    const beganMs = metrics.getBegins()
    const view = this.#tree.pin()
    try {
      const batch = await this.#findIn(view, lookup)
      metrics.getEnds(beganMs, batch !== undefined)
      return batch
    } finally {
      view.release()
    }
  }

  async #findIn(view: SuperVersion, { key, projection, seq = view.seq }: Lookup): Promise<Batch | undefined> {
    const { schema, readers } = this.#tree
    const inMemory = findInMemory(schema, view, key, seq, projection)
    if (inMemory === 'deleted') return undefined
    return inMemory ?? (await readers.track(readAsync(findInRuns(view, key, seq, projection, readers))))
  }
}
