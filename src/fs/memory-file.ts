// A file of the simulated disk: what programs see of it, and what of that is durable, as of its last sync.

import { ByteSink } from '../util/byte-sink.js'

/** What a power cut may leave of a file's data that was not synced; see `FileNode.tear`. */
export type TornData = (typeof tornDatas)[number]

export const tornDatas = ['lost', 'kept', 'cut', 'zeros', 'garbage', 'sectors', 'length lost'] as const

/** What a disk writes wholly or not at all. */
const sectorBytes = 512

/** Positions from `from` up to, not including, `to`. */
interface Span {
  readonly from: number
  readonly to: number
}

const noBytes = new ByteSink()

/** Bytes that clones have in common until one of them changes its own. */
class Content {
  #sink: ByteSink
  #isShared = true

  constructor(shared = noBytes) {
    this.#sink = shared
  }

  get length(): number {
    return this.#sink.length
  }

  /** Not to be written to. */
  get bytes(): Uint8Array {
    return this.#sink.bytes.subarray(0, this.#sink.length)
  }

  /** To be written to. */
  own(): ByteSink {
    if (this.#isShared) {
      this.#sink = copied(this.#sink)
      this.#isShared = false
    }
    return this.#sink
  }

  clone(): Content {
    this.#isShared = true
    return new Content(this.#sink)
  }
}

/** A file's content, seen and durable. Directories, not it, know its names. */
export class FileNode {
  readonly kind = 'file'
  #seen = new Content()
  #durable = new Content()
  /** What was written since the last sync: ascending, apart from each other. */
  #dirty: readonly Span[] = []
  /** The shortest the file has been since its last sync: durable bytes from here on are overwritten or gone. */
  #shortest = 0

  get bytes(): number {
    return this.#seen.length
  }

  read(into: Uint8Array, position: number): number {
    const content = this.#seen.bytes.subarray(Math.min(position, this.bytes))
    const read = content.subarray(0, into.length)
    into.set(read)
    return read.length
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    this.#markDirty(Math.min(position, this.bytes), position + bytes.length)
    overwrite(this.#seen.own(), bytes, position)
  }

  truncate(length: number): void {
    if (length > this.bytes) this.#markDirty(this.bytes, length)
    setLength(this.#seen.own(), length)
    this.#shortest = Math.min(this.#shortest, length)
  }

  /** Makes durable what is seen, but for what a failed sync has given up. Copies only what changed. */
  sync(): void {
    if (this.#shortest < this.#durable.length) setLength(this.#durable.own(), this.#shortest)
    if (this.#durable.length !== this.bytes) setLength(this.#durable.own(), this.bytes)
    for (const { from, to } of this.#unsynced()) this.#keep(from, to)
    this.#clean()
  }

  /**
   * A sync that fails as Linux does it: what it should have made durable counts as clean from then on. It is still seen,
   * but no later sync writes it; only writing it again does.
   */
  failSync(): void {
    this.#clean()
  }

  /**
   * Makes durable some of what was not: none or all of a truncation; then of the new data
   * `lost`: nothing; `kept`: all; `cut`: a prefix, cut at any byte;
   * `zeros`, `garbage`: a prefix, and zeros or garbage up to the length seen (length without data);
   * `sectors`: each sector or not, what is missing at the end being nothing, zeros or garbage;
   * `length lost`: what lies within the durable length (data without length).
   * Requires: a `settle` follows.
   */
  tear(random: () => number, data: TornData): void {
    if (data === 'lost') return
    if (this.#shortest < this.#durable.length) {
      if (data !== 'kept' && random() < 0.5) return
      setLength(this.#durable.own(), this.#shortest)
    }
    const spans = this.#unsynced()
    const [first, last] = [spans[0], spans[spans.length - 1]]
    if (first === undefined || last === undefined) return
    if (data === 'length lost') {
      for (const { from, to } of spans) this.#keep(from, Math.min(to, this.#durable.length))
      return
    }
    if (data === 'sectors') {
      const gap = random() < 0.5 ? () => 0 : random
      for (const { from, to } of sectorsOf(spans)) if (random() < 0.5) this.#keep(from, to, gap)
    } else {
      const cut = data === 'kept' ? last.to : first.from + Math.floor(random() * (last.to - first.from + 1))
      for (const { from, to } of spans) this.#keep(from, Math.min(to, cut))
    }
    const tail = data === 'sectors' ? Math.floor(random() * 3) : ['zeros', 'garbage'].indexOf(data) + 1
    if (tail > 0) this.#lengthen(tail === 1 ? () => 0 : random)
  }

  /** Forgets what is not durable. */
  settle(): void {
    this.#seen = this.#durable.clone()
    this.#clean()
  }

  clone(): FileNode {
    const clone = new FileNode()
    clone.#seen = this.#seen.clone()
    clone.#durable = this.#durable.clone()
    clone.#dirty = this.#dirty
    clone.#shortest = this.#shortest
    return clone
  }

  /** All that this file's future depends on, in pieces; two files are alike if theirs are. */
  fingerprint(): readonly (string | Uint8Array)[] {
    const [seen, durable] = [this.#seen.bytes, this.#durable.bytes]
    const spans = this.#dirty.map(({ from, to }) => `${from}-${to}`).join()
    const head = `file ${seen.length} ${durable.length} ${this.#shortest} ${spans}`
    return Buffer.compare(seen, durable) === 0 ? [`${head} as seen;`, seen] : [`${head};`, seen, durable]
  }

  /** What was written and is still within the file. */
  #unsynced(): readonly Span[] {
    const inFile = this.#dirty.map(({ from, to }) => ({ from, to: Math.min(to, this.bytes) }))
    return inFile.filter(({ from, to }) => from < to)
  }

  /** Makes seen bytes durable. What lies between them and the durable end becomes zeros, or garbage. */
  #keep(from: number, to: number, gap: () => number = () => 0): void {
    if (from >= to) return
    if (from > this.#durable.length) this.#lengthen(gap, from)
    overwrite(this.#durable.own(), this.#seen.bytes.subarray(from, to), from)
  }

  /** Lengthens what is durable, by zeros if `random` gives none but 0. */
  #lengthen(random: () => number, to = this.bytes): void {
    const missing = to - this.#durable.length
    if (missing <= 0) return
    const bytes = Uint8Array.from({ length: missing }, () => Math.floor(random() * 256))
    overwrite(this.#durable.own(), bytes, this.#durable.length)
  }

  #markDirty(from: number, to: number): void {
    const apart = this.#dirty.filter((span) => span.to < from || to < span.from)
    const touched = this.#dirty.filter((span) => span.to >= from && to >= span.from)
    const whole = {
      from: Math.min(from, ...touched.map((span) => span.from)),
      to: Math.max(to, ...touched.map((span) => span.to)),
    }
    this.#dirty = [...apart, whole].sort((a, b) => a.from - b.from)
  }

  #clean(): void {
    this.#dirty = []
    this.#shortest = this.bytes
  }
}

/** The parts of spans that lie in one sector each. */
function sectorsOf(spans: readonly Span[]): Span[] {
  const sectors: Span[] = []
  for (const span of spans) {
    for (let from = span.from; from < span.to; ) {
      const to = Math.min(span.to, (Math.floor(from / sectorBytes) + 1) * sectorBytes)
      sectors.push({ from, to })
      from = to
    }
  }
  return sectors
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
