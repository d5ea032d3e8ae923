// What one source shows to a read at a sequence number: of each key its newest version that is not too new.
//
// Works on one source, before any merge and any filter: a filter that ran first could drop a key's newest version
// and let an older one reappear. Tombstones stay, since they hide the versions of older sources.

import type { Batch } from '../format/batch.js'
import { compareKeys } from '../format/compare.js'
import type { BatchSource } from '../format/source.js'
import type { Vector } from '../format/vector.js'
import { selectRows } from './gather.js'
import { Stage } from './stage.js'

/** What is known of a source beforehand, from its metadata. */
export interface VersionFacts {
  /** No key has more than one version. */
  readonly oneVersionPerKey: boolean
  /** No version is newer. */
  readonly maxSeq: number
}

/**
 * The newest version at or below `seq` of each key of `source`, tombstones included. The versions of a key follow each other,
 * newest first, also over the end of a batch, in either scan direction.
 * `keyColumns` are the places of the key columns in the batches. Returns `source` itself where nothing can be hidden.
 */
export function visibleVersions(
  source: BatchSource,
  keyColumns: readonly number[],
  seq: number,
  facts?: VersionFacts,
): BatchSource {
  const { oneVersionPerKey, maxSeq } = facts ?? { oneVersionPerKey: false, maxSeq: Number.POSITIVE_INFINITY }
  if (oneVersionPerKey) return maxSeq <= seq ? source : new Stage(source, (batch) => notNewer(batch, seq))
  const newest = new NewestVersions(keyColumns, seq)
  return new Stage(source, (batch) => newest.of(batch))
}

function notNewer(batch: Batch, seq: number): Batch {
  const rows = new Uint32Array(batch.rows)
  let count = 0
  for (let i = 0; i < batch.rows; i++) if (batch.seq[i]! <= seq) rows[count++] = i
  return selectRows(batch, rows.subarray(0, count))
}

/** Remembers, from batch to batch, the key it stands at and whether that key has shown a version. */
class NewestVersions {
  readonly #keyColumns: readonly number[]
  readonly #seq: number
  #last: { readonly keys: readonly Vector[]; readonly row: number; readonly seq: number } | undefined
  #shown = false

  constructor(keyColumns: readonly number[], seq: number) {
    this.#keyColumns = keyColumns
    this.#seq = seq
  }

  of(batch: Batch): Batch {
    const { rows, seq } = batch
    const keys = this.#keyColumns.map((column) => batch.columns[column]!)
    const compare = compareKeys(keys, keys)
    const selected = new Uint32Array(rows)
    let count = 0
    let shown = this.#continues(keys, seq[0]!) && this.#shown
    for (let i = 0; i < rows; i++) {
      // Within a key numbers fall: where they do not, the key is another, and there is nothing to compare.
      if (i > 0 && !(seq[i]! < seq[i - 1]! && compare(i - 1, i) === 0)) shown = false
      if (!shown && seq[i]! <= this.#seq) {
        selected[count++] = i
        shown = true
      }
    }
    this.#shown = shown
    this.#last = { keys, row: rows - 1, seq: seq[rows - 1]! }
    return selectRows(batch, selected.subarray(0, count))
  }

  /** Whether the first row of a batch has the key of the last row before. */
  #continues(keys: readonly Vector[], seq: number): boolean {
    const last = this.#last
    return last !== undefined && seq < last.seq && compareKeys(last.keys, keys)(last.row, 0) === 0
  }
}
