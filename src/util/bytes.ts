// Byte strings: order, copies, text forms.

/** Unsigned byte order; a proper prefix sorts first. Negative, zero or positive, as `Array.prototype.sort` wants it. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

/**
 * The smallest byte string above every string that starts with `prefix`, or `undefined` where there is none
 * (a prefix of 0xFF bytes only). A prefix P covers exactly the half-open range [P, prefixSuccessor(P)).
 */
export function prefixSuccessor(prefix: Uint8Array): Uint8Array | undefined {
  let end = prefix.length
  while (end > 0 && prefix[end - 1] === 0xff) end--
  if (end === 0) return undefined
  const successor = prefix.slice(0, end)
  successor[end - 1]!++
  return successor
}

/** Node's Buffer over the same memory: for its native `indexOf`, `utf8Slice` and `latin1Slice`. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function toBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64')
}

/** A copy in memory of its own (never a view into Node's shared buffer pool). */
export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

/** Bytes as hexadecimal digits, cut after `most` bytes: for messages. */
export function hex(bytes: Uint8Array, most = 24): string {
  const shown = asBuffer(bytes.subarray(0, most)).toString('hex')
  return bytes.length > most ? `${shown}…` : shown
}
