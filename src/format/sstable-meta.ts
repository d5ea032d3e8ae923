// What the manifest says of an SSTable. A job returns it, the main thread numbers and commits it.

import { fromBase64, toBase64 } from '../util/bytes.js'
import type { KeyBytes } from './key-codec.js'
import { type KeySample, type KeySampleJson, keySampleFromJson, keySampleToJson } from './key-sample.js'

/** Facts of one SSTable file, exact and immutable. Parquet's own statistics are cut at 64 bytes: hints only. */
export interface SSTableMeta {
  /** Names the folder `sst/000009`; 0 until the main thread has numbered the file. Never reused. */
  readonly number: number
  readonly schemaId: number
  /** First and last key, encoded; both are in the file. */
  readonly minKey: KeyBytes
  readonly maxKey: KeyBytes
  /** Versions in the file, tombstones included. */
  readonly rows: number
  /** Distinct keys. `rows === keys`: one version per key. */
  readonly keys: number
  readonly tombstones: number
  readonly minSeq: number
  readonly maxSeq: number
  /** Length of data.parquet. */
  readonly bytes: number
  /** SHA-256 of the content of checksums.crc without its header, and so of the data itself; hexadecimal. */
  readonly digest: string
  /** Memory that the largest row group takes as vectors: what a job's budget plans with. */
  readonly rowGroupBytesMax: number
  readonly createdMs: number
  /** From which the distinct keys of several files together are estimated. Undefined: not known. */
  readonly keySample?: KeySample | undefined
}

/** SSTableMeta as JSON: keys in base64. */
export type SSTableJson = Omit<SSTableMeta, 'minKey' | 'maxKey' | 'keySample'> & {
  readonly minKey: string
  readonly maxKey: string
  readonly keySample?: KeySampleJson
}

export function metaToJson({ keySample, ...meta }: SSTableMeta): SSTableJson {
  const json = { ...meta, minKey: toBase64(meta.minKey), maxKey: toBase64(meta.maxKey) }
  return keySample === undefined ? json : { ...json, keySample: keySampleToJson(keySample) }
}

export function metaFromJson({ keySample, ...json }: SSTableJson): SSTableMeta {
  const meta = { ...json, minKey: fromBase64(json.minKey), maxKey: fromBase64(json.maxKey) }
  return keySample === undefined ? meta : { ...meta, keySample: keySampleFromJson(keySample) }
}
