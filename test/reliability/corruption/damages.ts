// Every way in which a file of an image is damaged.

import type { Random } from '../../history/random.js'
import type { Image } from './images.js'

/** A file changed. `bytes` undefined: the file is gone. */
export interface Damage {
  readonly kind: 'flip' | 'truncation' | 'block' | 'replacement'
  readonly path: string
  readonly what: string
  readonly bytes: Uint8Array | undefined
}

const masks = [0x01, 0x80, 0xff, 0x10, 0x02, 0x40, 0x08, 0x20, 0x04, 0x7f] as const
/** Lengths of blocks that are zeroed or change places: a cache line, a disk's sector. */
const blockLengths = [64, 512] as const

const isFile = (path: string) => !path.endsWith('/LOCK')

/** Files of an image that the database goes by, and their content. */
function filesOf({ contents }: Pick<Image, 'contents'>): readonly (readonly [string, Uint8Array])[] {
  return [...contents].filter(
    (entry): entry is [string, Uint8Array] => entry[1] !== undefined && isFile(entry[0]),
  )
}

/** Every `step`-th byte of a file, from the `first` one on. */
export interface Slice {
  readonly first: number
  readonly step: number
}

const everything: Slice = { first: 0, step: 1 }

/** Each byte of each file that is in the slice, changed by so many masks. */
export function* flips(
  image: Image,
  random: Random,
  masksEach: number,
  { first, step }: Slice = everything,
): Generator<Damage> {
  for (const [path, good] of filesOf(image)) {
    for (let at = first; at < good.length; at += step) {
      for (const mask of random.shuffled(masks).slice(0, masksEach)) {
        const bytes = good.slice()
        bytes[at]! ^= mask
        yield { kind: 'flip', path, what: `byte ${at} xor ${mask}`, bytes }
      }
    }
  }
}

/** Files up to this are cut to every length, longer ones to every `step`-th. */
const everyLengthMax = 1000

/** The lengths that a file may be cut to, of these those in the slice, and some that it may have grown to. */
export function* truncations(
  image: Image,
  random: Random,
  step: number,
  slice: Slice = everything,
): Generator<Damage> {
  for (const [path, good] of filesOf(image)) {
    const stride = good.length > everyLengthMax ? step : 1
    const first = stride * slice.first + random.below(stride)
    for (let length = first; length < good.length; length += stride * slice.step) {
      yield { kind: 'truncation', path, what: `cut to ${length}`, bytes: good.subarray(0, length) }
    }
    if (slice.first > 0) continue
    yield { kind: 'truncation', path, what: 'removed', bytes: undefined }
    for (const [what, more] of [
      ['a zero more', new Uint8Array(1)],
      ['zeros more', new Uint8Array(4096)],
      ['garbage more', Uint8Array.from({ length: 100 }, () => random.below(256))],
      ['itself once more', good],
    ] as const) {
      yield { kind: 'truncation', path, what, bytes: Buffer.concat([good, more]) }
    }
  }
}

/** Blocks zeroed, and two of them swapped. */
export function* blocks(image: Image, random: Random): Generator<Damage> {
  for (const [path, good] of filesOf(image)) {
    for (const length of blockLengths) {
      for (let at = 0; at < good.length; at += length) {
        const zeroed = good.slice()
        zeroed.fill(0, at, at + length)
        yield { kind: 'block', path, what: `${length} zeros at ${at}`, bytes: zeroed }
        const other = length * random.below(Math.ceil(good.length / length))
        const swapped = good.slice()
        swapped.set(good.subarray(at, Math.min(at + length, good.length - other + at)), other)
        swapped.set(good.subarray(other, Math.min(other + length, good.length - at + other)), at)
        yield { kind: 'block', path, what: `${length} bytes at ${at} and ${other} swapped`, bytes: swapped }
      }
    }
  }
}

/** Files replaced by what they were earlier, by their neighbours of the same kind, and by those of another database. */
export function* replacements(image: Image, foreign: readonly Image[]): Generator<Damage> {
  const kindOf = (path: string) => path.replace(/^.*\//, '').replace(/\d+/, 'N')
  for (const [path, good] of filesOf(image)) {
    for (const [time, contents] of image.older.entries()) {
      const bytes = contents.get(path)
      if (bytes !== undefined && Buffer.compare(bytes, good) !== 0)
        yield { kind: 'replacement', path, what: `as it was at time ${time}`, bytes }
    }
    for (const other of [image, ...foreign]) {
      for (const [name, bytes] of filesOf(other)) {
        if (kindOf(name) === kindOf(path) && Buffer.compare(bytes, good) !== 0)
          yield { kind: 'replacement', path, what: `by ${name} of ${other.name}`, bytes }
      }
    }
  }
}

/** Two damages of two files at once. */
export function* pairs(image: Image, random: Random, count: number): Generator<readonly Damage[]> {
  const files = filesOf(image)
  const one = ([path, good]: (typeof files)[number]): Damage => {
    const bytes = good.slice()
    for (let flip = random.between(1, 3); flip > 0 && bytes.length > 0; flip--)
      bytes[random.below(bytes.length)]! ^= random.pick(masks)
    return { kind: 'flip', path, what: 'some bytes', bytes }
  }
  for (let i = 0; i < count; i++) yield random.shuffled(files).slice(0, 2).map(one)
}
