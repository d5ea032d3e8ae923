// Thrift's compact protocol, in which Parquet writes its footer, page headers and page indexes. Decodes to a
// tree that keeps every field's id and type, and encodes the tree back to the same bytes: what a newer writer
// put into a footer survives although nobody here knows what it means.
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

import { ByteSink } from '../util/byte-sink.js'

/** Types as the protocol numbers them. A boolean field carries its value in its type. */
export const thriftTypes = {
  true: 1,
  false: 2,
  i8: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
} as const

/** An i64 is a `number` where that is exact, else a `bigint`. */
export type ThriftValue = boolean | number | bigint | Uint8Array | ThriftList | ThriftStruct

export interface ThriftField {
  readonly id: number
  readonly type: number
  readonly value: ThriftValue
}

/** Fields in the order in which they stand in the bytes. Never changed: `withField` makes another struct. */
export interface ThriftStruct {
  readonly fields: readonly ThriftField[]
}

export interface ThriftList {
  readonly elementType: number
  readonly items: readonly ThriftValue[]
}

/** No footer nests deeper; a damaged one may seem to. */
const depthMax = 32

class ThriftReader {
  at: number
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = from
  }

  struct(depth: number): ThriftStruct {
    this.#check(depth)
    const fields: ThriftField[] = []
    for (let id = 0; ; ) {
      const head = this.#byte()
      if (head === 0) return { fields }
      const type = head & 0x0f
      id = head >> 4 === 0 ? Number(this.#zigzag()) : id + (head >> 4)
      const isBoolean = type === thriftTypes.true || type === thriftTypes.false
      fields.push({ id, type, value: isBoolean ? type === thriftTypes.true : this.#value(type, depth) })
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case thriftTypes.true:
      case thriftTypes.false:
        return this.#byte() === 1 // an element of a list; fields do not come here
      case thriftTypes.i8:
        return (this.#byte() << 24) >> 24
      case thriftTypes.i16:
      case thriftTypes.i32:
      case thriftTypes.i64:
        return this.#zigzag()
      case thriftTypes.double:
        this.#need(8)
        this.at += 8
        return this.#view.getFloat64(this.at - 8, true)
      case thriftTypes.binary: {
        const length = Number(this.#varint())
        this.#need(length)
        this.at += length
        return this.#bytes.subarray(this.at - length, this.at)
      }
      case thriftTypes.list:
      case thriftTypes.set:
        return this.#list(depth)
      case thriftTypes.struct:
        return this.struct(depth + 1)
      default:
        throw new RangeError(`Thrift: type ${type} at byte ${this.at}`)
    }
  }

  #list(depth: number): ThriftList {
    this.#check(depth)
    const head = this.#byte()
    const elementType = head & 0x0f
    const length = head >> 4 === 15 ? Number(this.#varint()) : head >> 4
    this.#need(length) // an element takes a byte at least
    const items: ThriftValue[] = []
    for (let i = 0; i < length; i++) items.push(this.#value(elementType, depth + 1))
    return { elementType, items }
  }

  #check(depth: number): void {
    if (depth > depthMax) throw new RangeError('Thrift: values nest too deep')
  }

  #need(count: number): void {
    if (this.at + count > this.#bytes.length) throw new RangeError('Thrift: the bytes end too early')
  }

  #byte(): number {
    this.#need(1)
    return this.#bytes[this.at++]!
  }

  #varint(): number | bigint {
    let value = 0
    let scale = 1
    for (let read = 0; read < 7; read++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    let wide = BigInt(value)
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      wide |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return wide
    }
    throw new RangeError(`Thrift: an integer at byte ${this.at} does not end`)
  }

  #zigzag(): number | bigint {
    const coded = this.#varint()
    if (typeof coded === 'number') return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2
    const wide = (coded >> 1n) ^ -(coded & 1n)
    const value = Number(wide)
    return Number.isSafeInteger(value) ? value : wide
  }
}

/**
 * The struct that begins at byte `from`, and where it ends. Binary values are views over `bytes`. Throws
 * RangeError on bytes that are no compact Thrift, and on maps, which Parquet has none of.
 */
export function decodeThrift(
  bytes: Uint8Array,
  from = 0,
): { readonly value: ThriftStruct; readonly end: number } {
  const reader = new ThriftReader(bytes, from)
  const value = reader.struct(0)
  return { value, end: reader.at }
}

function appendVarint(sink: ByteSink, value: number): void {
  sink.reserve(8)
  for (; value >= 128; value = Math.floor(value / 128)) sink.bytes[sink.length++] = (value % 128) | 0x80
  sink.bytes[sink.length++] = value
}

function appendZigzag(sink: ByteSink, value: number | bigint): void {
  if (typeof value === 'number' && Math.abs(value) < 2 ** 51) {
    appendVarint(sink, value < 0 ? -2 * value - 1 : 2 * value)
    return
  }
  const wide = BigInt(value)
  let coded = wide < 0n ? -2n * wide - 1n : 2n * wide
  sink.reserve(10)
  for (; coded >= 128n; coded >>= 7n) sink.bytes[sink.length++] = Number(coded & 0x7fn) | 0x80
  sink.bytes[sink.length++] = Number(coded)
}

function appendByte(sink: ByteSink, byte: number): void {
  sink.reserve(1)
  sink.bytes[sink.length++] = byte
}

function appendValue(sink: ByteSink, type: number, value: ThriftValue): void {
  if (value instanceof Uint8Array) {
    appendVarint(sink, value.length)
    sink.append(value)
  } else if (typeof value === 'boolean') appendByte(sink, value ? 1 : 2)
  else if (typeof value === 'object') {
    if ('fields' in value) appendStruct(sink, value)
    else appendList(sink, value)
  } else if (type === thriftTypes.double) {
    const at = sink.reserve(8)
    sink.view.setFloat64(at, Number(value), true)
    sink.length = at + 8
  } else if (type === thriftTypes.i8) appendByte(sink, Number(value))
  else appendZigzag(sink, value)
}

function appendList(sink: ByteSink, { elementType, items }: ThriftList): void {
  if (items.length < 15) appendByte(sink, (items.length << 4) | elementType)
  else {
    appendByte(sink, 0xf0 | elementType)
    appendVarint(sink, items.length)
  }
  for (const item of items) appendValue(sink, elementType, item)
}

function appendStruct(sink: ByteSink, { fields }: ThriftStruct): void {
  let before = 0
  for (const { id, type, value } of fields) {
    const step = id - before
    before = id
    if (step > 0 && step <= 15) appendByte(sink, (step << 4) | type)
    else {
      appendByte(sink, type)
      appendZigzag(sink, id)
    }
    if (typeof value !== 'boolean') appendValue(sink, type, value)
  }
  appendByte(sink, 0)
}

/** The bytes of a struct. */
export function encodeThrift(struct: ThriftStruct): Uint8Array {
  const sink = new ByteSink(256)
  appendStruct(sink, struct)
  return sink.copy()
}

/** The value of a field, or undefined where the struct does not have it. */
export function fieldOf(struct: ThriftStruct, id: number): ThriftValue | undefined {
  return struct.fields.find((field) => field.id === id)?.value
}

/** An integer field; undefined: absent. Throws RangeError if it is something else, or beyond 2^53. */
export function numberOf(struct: ThriftStruct, id: number): number | undefined {
  const value = fieldOf(struct, id)
  if (value === undefined || typeof value === 'number') return value
  throw new RangeError(`Thrift: field ${id} is not a number`)
}

/** The structs in a list field; none where it is absent. */
export function structsOf(struct: ThriftStruct, id: number): readonly ThriftStruct[] {
  const value = fieldOf(struct, id)
  if (value === undefined) return []
  if (typeof value === 'object' && 'items' in value && value.elementType === thriftTypes.struct) {
    return value.items as readonly ThriftStruct[]
  }
  throw new RangeError(`Thrift: field ${id} is not a list of structs`)
}

/** A struct field. Throws RangeError where it is absent. */
export function structOf(struct: ThriftStruct, id: number): ThriftStruct {
  const value = fieldOf(struct, id)
  if (typeof value === 'object' && 'fields' in value) return value
  throw new RangeError(`Thrift: field ${id} is not a struct`)
}

/**
 * The struct with a field set, or, where `value` is undefined, without it. The other fields stay as they are.
 */
export function withField(
  struct: ThriftStruct,
  id: number,
  type: number,
  value: ThriftValue | undefined,
): ThriftStruct {
  const before = struct.fields.filter((field) => field.id < id)
  const after = struct.fields.filter((field) => field.id > id)
  return { fields: value === undefined ? [...before, ...after] : [...before, { id, type, value }, ...after] }
}

/** A struct from its fields, those without a value left out. Requires: ids ascend. */
export function thriftStruct(
  ...fields: readonly (readonly [id: number, type: number, value: ThriftValue | undefined])[]
): ThriftStruct {
  return {
    fields: fields.flatMap(([id, type, value]) => (value === undefined ? [] : [{ id, type, value }])),
  }
}

/** A list of structs. */
export function structList(items: readonly ThriftStruct[]): ThriftList {
  return { elementType: thriftTypes.struct, items }
}
