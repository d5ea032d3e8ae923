// The point reads of a table: checks what a caller gives, and hands out rows.

import { MarquetryError } from './errors.js'
import { encodeKey } from './format/key-codec.js'
import { RowBuilder, type RowObject } from './format/row-builder.js'
import type { Snapshot } from './format/row-types.js'
import { checkNames, readOptionNames } from './read-options.js'
import { resolveProjection, resolveSnapshot } from './read-targets.js'
import type { LsmTree } from './tree/lsm-tree.js'
import { findRow, findRowSync, findRows } from './tree/point-reads.js'

/** The options of a lookup, as a caller gave them. */
export interface LookupOptions {
  readonly columns?: readonly unknown[] | undefined
  readonly snapshot?: Snapshot | undefined
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
    this.#all = new RowBuilder(tree.schema, tree.schema.all, true)
    this.#none = new RowBuilder(tree.schema, [])
  }

  async get(key: unknown, options: LookupOptions): Promise<RowObject | undefined> {
    checkNames(options, readOptionNames, 'lookups')
    const builder = this.#builder(options.columns)
    return await findRow(this.#tree, this.#encode(key), builder, resolveSnapshot(this.#tree, options.snapshot))
  }

  getSync(key: unknown, options: LookupOptions): RowObject | undefined {
    checkNames(options, readOptionNames, 'lookups')
    const builder = this.#builder(options.columns)
    return findRowSync(this.#tree, this.#encode(key), builder, resolveSnapshot(this.#tree, options.snapshot))
  }

  async has(key: unknown, options: LookupOptions): Promise<boolean> {
    checkNames(options, readOptionNames, 'lookups')
    const seq = resolveSnapshot(this.#tree, options.snapshot)
    return (await findRow(this.#tree, this.#encode(key), this.#none, seq)) !== undefined
  }

  async getMany(keys: unknown, options: LookupOptions): Promise<(RowObject | undefined)[]> {
    checkNames(options, readOptionNames, 'lookups')
    if (!Array.isArray(keys)) throw new MarquetryError('MARQUETRY_INVALID_KEY', 'Keys are given as an array')
    const builder = this.#builder(options.columns)
    const encoded = keys.map((key: unknown) => this.#encode(key))
    return await findRows(this.#tree, encoded, builder, resolveSnapshot(this.#tree, options.snapshot))
  }

  #encode(key: unknown) {
    return encodeKey(this.#tree.schema, key)
  }

  #builder(columns: readonly unknown[] | undefined): RowBuilder {
    if (columns === undefined) return this.#all
    const last = this.#last
    if (last !== undefined && areSame(last.columns, columns)) return last.builder
    const builder = new RowBuilder(this.#tree.schema, resolveProjection(this.#tree, columns), true)
    this.#last = { columns: [...columns], builder }
    return builder
  }
}

function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (!Array.isArray(b) || a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
