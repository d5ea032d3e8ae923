// What the column types mean, said a second time and without the engine: which values there are, what is read after
// one was written, how they are ordered, and a text that tells apart what a reader can tell apart.

import type { Column } from 'marquetry'
import type { Random } from './random.js'

export interface Meaning {
  /** A value that may be written. */
  readonly any: (random: Random) => unknown
  /** The value that is read after this one was written. */
  readonly stored: (value: never) => unknown
  /** Order of two stored values: negative, zero or positive. */
  readonly compare: (a: never, b: never) => number
  /** The text of a stored value; of anything that is no stored value of this type, a text that no other has. */
  readonly text: (value: unknown) => string
}

const same = (value: unknown) => value
const order = <T extends number | bigint | boolean>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0)

function strictly(isOne: (value: unknown) => boolean, text: (value: never) => string): Meaning['text'] {
  return (value) => (isOne(value) ? text(value as never) : `a wrong ${typeof value}: ${String(value)}`)
}

const numberText = (value: number) => (Object.is(value, -0) ? '-0' : String(value))

function integer(min: number, max: number): Meaning {
  const edges = [min, max, min + 1, max - 1, 0, 1, 127, 128, 1000].filter((n) => n >= min && n <= max)
  return {
    any: (random) => (random.chance(0.4) ? random.pick(edges) : random.between(min, max)),
    stored: (value: number) => value + 0, // there is no integer -0
    compare: order<number>,
    text: strictly(Number.isInteger, numberText),
  }
}

function float(round: (value: number) => number): Meaning {
  const edges = [Number.NaN, 0, -0, Infinity, -Infinity, 1.5, -1.5, 5e-324, 1e38, -1e300, 0.1, 2 ** 53]
  return {
    any: (random) => (random.chance(0.7) ? random.pick(edges) : (random.below(2000) - 1000) / 8),
    stored: round,
    compare: (a: number, b: number) =>
      Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : order(a, b),
    text: strictly((value) => typeof value === 'number', numberText),
  }
}

const int64Edges = [
  0n,
  -1n,
  1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 31n,
  2n ** 32n,
  -(2n ** 32n),
  2n ** 53n + 1n,
]

function bigints(any: Meaning['any']): Meaning {
  return {
    any,
    stored: same,
    compare: order<bigint>,
    text: strictly((value) => typeof value === 'bigint', String),
  }
}

function dates(any: (random: Random) => number): Meaning {
  return {
    any: (random) => new Date(any(random)),
    stored: (value: Date) => new Date(value),
    compare: (a: Date, b: Date) => a.getTime() - b.getTime(),
    text: strictly(
      (value) => value instanceof Date,
      (value: Date) => String(value.getTime()),
    ),
  }
}

const dayMs = 86_400_000
const instantEdges = [0, -1, 1, 8.64e15, -8.64e15, 2 ** 32, -(2 ** 31), 1_700_000_000_123]

/** Code points of every length in UTF-8; those whose order in UTF-16 is another; zeros, which keys escape. */
const characters = [
  '\0',
  '\u0001',
  'a',
  'a',
  'b',
  'z',
  '\x7f',
  'é',
  '\u07ff',
  '\ud7ff',
  '\uffff',
  '\u{1f600}',
  '\u{10ffff}',
]

function anyText(random: Random): string {
  const length = random.weighted([[1, 0], [6, random.between(1, 3)], [3, random.between(4, 12)], [1, random.between(45, 52)], [0.1, 3000]]) // biome-ignore format: a list
  const from = random.chance(0.4) ? ['a', 'b', 'c'] : characters
  return Array.from({ length }, () => random.pick(from)).join('')
}

function anyBytes(random: Random): Uint8Array {
  const from = random.chance(0.5) ? [0, 1, 0xfe, 0xff] : Array.from({ length: 256 }, (_, i) => i)
  return Uint8Array.from({ length: random.pick([0, 1, 2, 3, 8, 60]) }, () => random.pick(from))
}

function anyJson(random: Random, depth = 2): unknown {
  const plain = ['', 'text', '\u{1f600}', 0, -1.5, true, false]
  if (depth === 0 || random.chance(0.4)) return random.pick(plain)
  const parts = Array.from({ length: random.below(3) }, () => anyJson(random, depth - 1))
  return random.chance(0.5) ? parts : Object.fromEntries(parts.map((part, i) => [`p${i}`, part]))
}

/** A decimal as an integer, its point forgotten. */
function unscaled(text: string, scale: number): bigint {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.')
  const size = BigInt(whole + fraction.padEnd(scale, '0').slice(0, scale))
  return text.startsWith('-') ? -size : size
}

function decimalText(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const at = digits.length - scale
  return `${value < 0n ? '-' : ''}${digits.slice(0, at)}${scale > 0 ? `.${digits.slice(at)}` : ''}`
}

function decimal(precision: number, scale: number): Meaning {
  const most = 10n ** BigInt(precision) - 1n
  const edges = [0n, 1n, -1n, most, -most, 10n ** BigInt(scale)]
  return {
    any(random) {
      const value = random.chance(0.5)
        ? random.pick(edges)
        : BigInt(random.between(-9_999, 9_999)) % (most + 1n)
      const text = decimalText(value, scale)
      if (random.chance(0.1)) return text.replace(/^(-?)/, '$1000')
      return random.chance(0.2) && scale > 0 ? text.replace(/\.?0+$/, '') || '0' : text
    },
    stored: (value: string) => decimalText(unscaled(value, scale), scale),
    compare: (a: string, b: string) => order(unscaled(a, scale), unscaled(b, scale)),
    text: strictly((value) => typeof value === 'string', String),
  }
}

/** What the values of a column are. */
export function meaningOf({ type }: Column): Meaning {
  switch (type.kind) {
    case 'bool':
      return {
        any: (random) => random.chance(0.5),
        stored: same,
        compare: order<boolean>,
        text: strictly((value) => typeof value === 'boolean', String),
      }
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32': {
      const bits = Number(type.kind.replace(/\D/g, ''))
      return type.kind.startsWith('u')
        ? integer(0, 2 ** bits - 1)
        : integer(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    }
    case 'int64':
      return bigints((random) =>
        random.chance(0.4) ? random.pick(int64Edges) : BigInt(random.between(-500, 500)),
      )
    case 'float32':
      return float(Math.fround)
    case 'float64':
      return float((value) => value)
    case 'date':
      return dates(
        (random) => dayMs * (random.chance(0.2) ? random.pick([0, -1, 1e8, -1e8]) : random.between(0, 9999)),
      )
    case 'timestamp':
      // DuckDB knows no microseconds beyond the year 294247.
      if (type.unit === 'us')
        return bigints((random) =>
          random.chance(0.3) ? random.pick([0n, -1n, 2n ** 62n]) : BigInt(random.below(1e9)),
        )
      return dates((random) => (random.chance(0.2) ? random.pick(instantEdges) : random.between(0, 1e12)))
    case 'decimal128':
      return decimal(type.precision ?? 0, type.scale ?? 0)
    case 'utf8':
      return {
        any: anyText,
        stored: same,
        compare: (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b)),
        text: strictly((value) => typeof value === 'string', JSON.stringify),
      }
    case 'binary':
      return {
        any: anyBytes,
        stored: (value: Uint8Array) => value.slice(),
        compare: (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b),
        text: strictly(
          (value) => value instanceof Uint8Array,
          (value: Uint8Array) => `0x${Buffer.from(value).toString('hex')}`,
        ),
      }
    case 'json':
      return {
        any: anyJson,
        stored: (value: unknown) => JSON.parse(JSON.stringify(value)),
        compare: () => 0, // has none
        text: (value) => JSON.stringify(value) ?? 'no JSON',
      }
  }
}
