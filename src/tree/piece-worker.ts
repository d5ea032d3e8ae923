// The worker thread's entry for pieces of scans. At normal priority, unlike flushes and merges: somebody waits for it.

import { move } from 'piscina'
import { answer, type WorkerAnswer } from '../compaction/worker-answer.js'
import { Schema } from '../format/schema.js'
import { buffersOf } from '../format/vector-buffers.js'
import { nodeFileSystem } from '../fs/node.js'
import { readAsync } from '../fs/reading.js'
import { PageCache } from '../sstable/page-cache.js'
import { SSTableReader } from '../sstable/reader.js'
import { type PieceAnswer, type PieceTask, readPiece } from './piece.js'

const fs = nodeFileSystem()

/** For dictionaries and pages that hold several of the rows that match. */
const cacheBytes = 8 << 20

/** Runs one task. */
export default async function run(task: PieceTask): Promise<WorkerAnswer<PieceAnswer>> {
  const answered = await answer(() => read(task))
  if (!('ok' in answered)) return answered
  const { columns, seq, deleted } = answered.ok
  const hidden = [seq, deleted].flatMap((array) => (array === undefined ? [] : [array.buffer as ArrayBuffer]))
  const transferable = {
    [Symbol.for('Piscina.transferable')]: [...new Set([...buffersOf(columns), ...hidden])],
    [Symbol.for('Piscina.valueOf')]: answered,
  }
  return move(transferable as unknown as ArrayBuffer) as unknown as WorkerAnswer<PieceAnswer>
}

/** Opens the file for this piece alone: so no other piece reads memory that went away with its batch. */
async function read({ folder, meta, schema: json, piece }: PieceTask): Promise<PieceAnswer> {
  const schema = new Schema(json)
  const reader = new SSTableReader(fs, folder, meta, schema, new PageCache(cacheBytes))
  const tally = { pagesRead: 0, pagesCached: 0 }
  let bytes = 0
  try {
    const reading = readPiece(reader, schema, piece, { tally, pastCache: true })
    const { rows, columns, seq, deleted } = await readAsync(reading, (read) => {
      bytes += read
    })
    return { rows, columns, seq: piece.needs.seq ? seq : undefined, deleted, tally, bytes }
  } finally {
    reader.close()
  }
}
