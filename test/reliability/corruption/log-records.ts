// Where the records of a log lie, and what each says of those before it; see docs/format.md.

export interface LogRecord {
  readonly start: number
  readonly end: number
  /** Length of the log that was synced when the record was made. */
  readonly durable: number
}

const headerBytes = 72
const recordHeadBytes = 32

/** The records of a whole log. */
export function recordsOf(log: Uint8Array): readonly LogRecord[] {
  const view = new DataView(log.buffer, log.byteOffset, log.length)
  const records: LogRecord[] = []
  for (let start = headerBytes; start < log.length; ) {
    const end = start + recordHeadBytes + view.getUint32(start + 4, true)
    records.push({ start, end, durable: view.getUint32(start + 16, true) })
    start = end
  }
  return records
}
