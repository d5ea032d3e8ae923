// Looks an index over before anybody relies on it: bytes that passed a CRC may still have been written wrong, and a search
// in them must end in a rebuilt index, not in a RangeError or in rows of other keys.

import { corruption } from '../errors.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { compareBytes, equalBytes } from '../util/bytes.js'
import { headerWords, layoutOf, SparseIndex } from './sparse-index.js'
import { deletedFieldId, seqFieldId } from './stored-columns.js'

/**
 * The index in a sidecar's body. Throws MARQUETRY_CORRUPTION where it contradicts itself or what the manifest says of the
 * file. Takes time in proportion to its size. What pages hold is not looked at: page headers say that again.
 */
export function openIndex(path: string, body: Uint8Array, meta: SSTableMeta): SparseIndex {
  const header = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const short = body.length < 4 * headerWords
  const words = Array.from({ length: short ? 0 : headerWords }, (_, i) => header.getUint32(4 * i, true))
  if (short || layoutOf(words).bytes !== body.length) {
    throw corruption(path, undefined, 'its sections do not fill it')
  }
  const index = new SparseIndex(body)
  const wrong = keysFault(index, meta) ?? columnsFault(index) ?? pagesFault(index, meta)
  if (wrong !== undefined) throw corruption(path, undefined, wrong)
  return index
}

function keysFault(index: SparseIndex, { rows, minKey, maxKey }: SSTableMeta): string | undefined {
  const { entries, interval } = index
  if (index.rows !== rows) return `it has ${index.rows} rows, not ${rows}`
  if (interval < 1 || entries !== Math.ceil(rows / interval)) return 'it does not have a key per interval'
  if (!index.hasWholeKeys) return 'its keys do not lie end to end'
  if (!equalBytes(index.key(0), minKey)) return 'its first key is not that of the file'
  for (let i = 1; i < entries; i++) {
    if (compareBytes(index.key(i - 1), index.key(i)) > 0) return `key ${i} is below the one before`
  }
  return compareBytes(index.key(entries - 1), maxKey) > 0 ? 'its last key is above all of the file' : undefined
}

function columnsFault({ columns, fieldIds }: SparseIndex): string | undefined {
  const hidden = fieldIds[columns - 2] === seqFieldId && fieldIds[columns - 1] === deletedFieldId
  return hidden ? undefined : 'its last columns are not _seq and _deleted'
}

function pagesFault(index: SparseIndex, { bytes }: SSTableMeta): string | undefined {
  const { rowGroups, columns, rows, rowGroupFirstRow, chunkPages } = index
  if (!ascends(rowGroupFirstRow, 0, rows)) return 'its row groups do not follow each other'
  if (!ascends(chunkPages, 0, index.pageOffset.length)) return 'its pages do not follow each other'
  for (let chunk = 0; chunk < rowGroups * columns; chunk++) {
    const group = Math.floor(chunk / columns)
    const [from, to] = [chunkPages[chunk]!, chunkPages[chunk + 1]!]
    const end = rowGroupFirstRow[group + 1]!
    if (index.pageFirstRow[from] !== rowGroupFirstRow[group])
      return `column chunk ${chunk} lacks its first rows`
    for (let page = from; page < to; page++) {
      const next = page + 1 < to ? index.pageFirstRow[page + 1]! : end
      if (index.pageFirstRow[page]! >= next) return `page ${page} has no rows`
      if (!lies(index.pageOffset[page]!, index.pageBytes[page]!, bytes))
        return `page ${page} is not in the file`
    }
    const dictionary = index.chunkDictionary[chunk]!
    if (dictionary !== 0 && !lies(dictionary, index.chunkDictionaryBytes[chunk]!, bytes)) {
      return `the dictionary of column chunk ${chunk} is not in the file`
    }
  }
  return undefined
}

/** Whether numbers ascend from `first` to `last`, none twice. */
function ascends(numbers: Uint32Array, first: number, last: number): boolean {
  for (let i = 1; i < numbers.length; i++) if (numbers[i - 1]! >= numbers[i]!) return false
  return numbers[0] === first && numbers.at(-1) === last
}

function lies(offset: number, length: number, fileBytes: number): boolean {
  return Number.isInteger(offset) && offset > 0 && length > 0 && offset + length <= fileBytes
}
