// A file of the simulated disk: what programs see of it, and what of that is durable, as of its last sync.

import { assert } from '../util/assert.js'
import { ByteSink } from '../util/byte-sink.js'

/** A file's content, seen and durable. Directories, not it, know its names. */
export class FileNode {
  readonly kind = 'file'
  #seen = new ByteSink()
  #durable = new ByteSink()
  /** What differs from the durable content lies from `#dirtyFrom` on, up to `#dirtyTo`; equal: nothing. */
  #dirtyFrom = 0
  #dirtyTo = 0
  /** The shortest the file has been since its last sync: durable bytes from here on are overwritten or gone. */
  #shortest = 0

  get bytes(): number {
    return this.#seen.length
  }

  read(into: Uint8Array, position: number): number {
    const content = this.#seen.bytes.subarray(Math.min(position, this.bytes), this.bytes)
    const read = content.subarray(0, into.length)
    into.set(read)
    return read.length
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    this.#markDirty(Math.min(position, this.bytes), position + bytes.length)
    overwrite(this.#seen, bytes, position)
  }

  truncate(length: number): void {
    if (length > this.bytes) this.#markDirty(this.bytes, length)
    setLength(this.#seen, length)
    this.#shortest = Math.min(this.#shortest, length)
  }

  /** Makes durable what is seen. Copies only what changed. */
  sync(): void {
    if (this.#shortest < this.#durable.length) setLength(this.#durable, this.#shortest)
    const to = Math.min(this.#dirtyTo, this.bytes)
    if (this.#dirtyFrom < to) {
      overwrite(this.#durable, this.#seen.bytes.subarray(this.#dirtyFrom, to), this.#dirtyFrom)
    }
    assert(this.#durable.length === this.bytes, 'a synced file is as long as it is seen to be')
    this.#clean()
  }

  /**
   * Makes durable some of what was not: none or all of a truncation; then a prefix of the new data, cut at any byte;
   * then, up to the length seen, nothing, zeros or garbage. Requires: a `settle` follows.
   */
  tear(random: () => number): void {
    if (this.#shortest < this.#durable.length) {
      if (random() < 0.5) return
      setLength(this.#durable, this.#shortest)
    }
    const to = Math.min(this.#dirtyTo, this.bytes)
    const from = Math.min(this.#dirtyFrom, to)
    const cut = from + Math.floor(random() * (to - from + 1))
    if (cut > from) overwrite(this.#durable, this.#seen.bytes.subarray(from, cut), from)
    const missing = this.bytes - this.#durable.length
    const tail = Math.floor(random() * 3)
    if (missing <= 0 || tail === 0) return
    const bytes = new Uint8Array(missing)
    if (tail === 2) for (let i = 0; i < missing; i++) bytes[i] = Math.floor(random() * 256)
    overwrite(this.#durable, bytes, this.#durable.length)
  }

  /** Forgets what is not durable. */
  settle(): void {
    this.#seen = copied(this.#durable)
    this.#clean()
  }

  clone(): FileNode {
    const clone = new FileNode()
    clone.#seen = copied(this.#seen)
    clone.#durable = copied(this.#durable)
    clone.#dirtyFrom = this.#dirtyFrom
    clone.#dirtyTo = this.#dirtyTo
    clone.#shortest = this.#shortest
    return clone
  }

  #markDirty(from: number, to: number): void {
    const clean = this.#dirtyFrom === this.#dirtyTo
    this.#dirtyFrom = clean ? from : Math.min(this.#dirtyFrom, from)
    this.#dirtyTo = clean ? to : Math.max(this.#dirtyTo, to)
  }

  #clean(): void {
    this.#dirtyFrom = this.#dirtyTo = 0
    this.#shortest = this.bytes
  }
}

function overwrite(sink: ByteSink, bytes: Uint8Array, position: number): void {
  const end = position + bytes.length
  if (end > sink.length) setLength(sink, end)
  sink.bytes.set(bytes, position)
}

/** Bytes that become part of the file by its growth are zero, whatever stood there before it shrank. */
function setLength(sink: ByteSink, length: number): void {
  if (length > sink.length) {
    sink.reserve(length - sink.length)
    sink.bytes.fill(0, sink.length, length)
  }
  sink.length = length
}

function copied(sink: ByteSink): ByteSink {
  const copy = new ByteSink(Math.max(sink.length, 64))
  copy.append(sink.bytes.subarray(0, sink.length))
  return copy
}
