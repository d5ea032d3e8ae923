// What an SSTable that no manifest lists says of itself.

import { isMarquetryError } from '../errors.js'
import { sstableFiles } from '../format/file-names.js'
import type { FileSystem } from '../fs/file-system.js'
import { asBuffer } from '../util/bytes.js'
import { decodeFooter, fileMetaData } from './parquet-footer.js'
import { fieldOf, structsOf } from './thrift.js'

/** Fields of Parquet's KeyValue. */
const keyValue = { key: 1, value: 2 } as const

/** Footers are far shorter. */
const footerBytesMax = 4 << 20

const text = (value: unknown) => (value instanceof Uint8Array ? asBuffer(value).toString('utf8') : '')

/** Greatest sequence number in the SSTable of this folder, by its footer. Undefined: it is not whole, or none of ours. */
export async function writtenSeq(fs: FileSystem, folder: string): Promise<number | undefined> {
  const path = `${folder}/${sstableFiles.data}`
  if ((await fs.stat(path))?.kind !== 'file') return undefined
  const file = await fs.open(path, 'read')
  try {
    const size = await file.size()
    const bytes = new Uint8Array(Math.min(size, footerBytesMax))
    await file.read(bytes, size - bytes.length)
    const entry = structsOf(decodeFooter(bytes), fileMetaData.keyValues).find(
      (candidate) => text(fieldOf(candidate, keyValue.key)) === 'marquetry.seq',
    )
    const bounds = entry && /^\d+\.\.(\d+)$/.exec(text(fieldOf(entry, keyValue.value)))
    return bounds ? Number(bounds[1]) : undefined
  } catch (error) {
    if (isMarquetryError(error)) throw error
    return undefined // what is no footer cannot be decoded
  } finally {
    await file.close()
  }
}
