// The point reads of a table: from a key to its row, in memory first, then in files.

import { MarquetryError } from './errors.js'
import { encodeKey, type KeyBytes } from './format/key-codec.js'
import { RowBuilder, type RowObject } from './format/row-builder.js'
import type { Snapshot } from './format/row-types.js'
import { readAsync, readSync } from './fs/reading.js'
import { checkNames, readOptionNames } from './read-options.js'
import { resolveProjection, resolveSnapshot } from './read-targets.js'
import { hashKey } from './sstable/key-hash.js'
import { findCached, findInMemory, findInRuns, type Wanted } from './tree/lookup.js'
import type { LsmTree } from './tree/lsm-tree.js'
import type { View } from './tree/super-version.js'
import { compareBytes } from './util/bytes.js'
import { takeTurn, turnIsDue } from './util/turn.js'

/** The options of a lookup, as a caller gave them. */
export interface LookupOptions {
  readonly columns?: readonly unknown[] | undefined
  readonly snapshot?: Snapshot | undefined
}

interface Lookup {
  readonly key: KeyBytes
  /** As of a snapshot. */
  readonly seq: number | undefined
  readonly builder: RowBuilder
}

/** Looks up rows by key. See the methods of these names in `Table`. */
export class TableLookups {
  readonly #tree: LsmTree
  readonly #all: RowBuilder
  readonly #none: RowBuilder
  /** Of the last lookup that named columns: most name the same ones each time. */
  #last: { readonly columns: readonly unknown[]; readonly builder: RowBuilder } | undefined

  constructor(tree: LsmTree) {
    this.#tree = tree
    this.#all = new RowBuilder(tree.schema, tree.schema.all)
    this.#none = new RowBuilder(tree.schema, [])
  }

  async get(key: unknown, options: LookupOptions): Promise<RowObject | undefined> {
    return await this.#find(this.#lookup(key, options))
  }

  getSync(key: unknown, options: LookupOptions): RowObject | undefined {
    const { metrics, readers } = this.#tree
    const beganMs = metrics.getBegins()
    const lookup = this.#lookup(key, options)
    const view = this.#tree.current()
    let row = this.#findNear(view, lookup)
    if (typeof row === 'number') {
      const { builder } = lookup
      const batch = readSync(findInRuns(view.version, wantedIn(view, lookup), builder.projection, readers, row))
      row = batch && builder.row(batch, 0)
    }
    metrics.getEnds(beganMs, row !== undefined)
    return row
  }

  async has(key: unknown, options: LookupOptions): Promise<boolean> {
    return (await this.#find({ ...this.#lookup(key, options), builder: this.#none })) !== undefined
  }

  async getMany(keys: unknown, options: LookupOptions): Promise<(RowObject | undefined)[]> {
    checkNames(options, readOptionNames, 'lookups')
    if (!Array.isArray(keys)) throw new MarquetryError('MARQUETRY_INVALID_KEY', 'Keys are given as an array')
    const { schema } = this.#tree
    const builder = this.#builder(options.columns)
    const wanted = keys.map((key: unknown, at) => ({ at, bytes: encodeKey(schema, key) }))
    wanted.sort((a, b) => compareBytes(a.bytes, b.bytes))
    const snapshot = resolveSnapshot(this.#tree, options.snapshot)
    const rows: (RowObject | undefined)[] = new Array(keys.length).fill(undefined)
    const view = this.#tree.pin()
    try {
      const seq = snapshot ?? view.seq
      for (const { at, bytes } of wanted) {
        const lookup = { key: bytes, seq, builder }
        const near = this.#findNear(view, lookup)
        rows[at] = typeof near === 'number' ? await this.#findFar(view, lookup, near) : near
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
      seq: resolveSnapshot(this.#tree, options.snapshot),
      builder: this.#builder(options.columns),
    }
  }

  #builder(columns: readonly unknown[] | undefined): RowBuilder {
    if (columns === undefined) return this.#all
    const last = this.#last
    if (last !== undefined && areSame(last.columns, columns)) return last.builder
    const builder = new RowBuilder(this.#tree.schema, resolveProjection(this.#tree, columns))
    this.#last = { columns: [...columns], builder }
    return builder
  }

  async #find(lookup: Lookup): Promise<RowObject | undefined> {
    const { metrics } = this.#tree
    const beganMs = metrics.getBegins()
    let row = this.#findNear(this.#tree.current(), lookup)
    if (typeof row === 'number') {
      const view = this.#tree.pin()
      try {
        row = await this.#findFar(view, lookup, row)
      } finally {
        view.release()
      }
    }
    metrics.getEnds(beganMs, row !== undefined)
    return row
  }

  /** What memory says: memtables and cached pages; a number: the run at which files have to be read. */
  #findNear(view: View, lookup: Lookup): RowObject | undefined | number {
    const { schema, readers } = this.#tree
    const { key, builder, seq = view.seq } = lookup
    const inMemory = findInMemory(schema, view.memtables, key, seq, builder.projection)
    if (inMemory === 'deleted') return undefined
    if (inMemory !== undefined) return builder.row(inMemory, 0)
    return findCached(view.version, wantedIn(view, lookup), builder, readers)
  }

  /** What the runs from `run` on say. Requires: `view` is pinned. */
  async #findFar(view: View, lookup: Lookup, run: number): Promise<RowObject | undefined> {
    const { readers } = this.#tree
    const { builder } = lookup
    const reading = findInRuns(view.version, wantedIn(view, lookup), builder.projection, readers, run)
    const batch = await readers.track(readAsync(reading))
    return batch && builder.row(batch, 0)
  }
}

function wantedIn(view: View, { key, seq = view.seq }: Lookup): Wanted {
  return { key, hash: hashKey(key), seq }
}

function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (!Array.isArray(b) || a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
