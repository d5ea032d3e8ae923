// XXH64 with seed 0, the hash of Parquet's Bloom filters (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
//
// The state is two 32-bit halves in module variables: with a bigint, each of some ten steps per value would allocate.

/** The hash of the last call: its upper and its lower 32 bits, signed. */
export let hashHigh = 0
export let hashLow = 0

// The spec's primes, upper and lower half.
const prime1High = 0x9e3779b1 | 0
const prime1Low = 0x85ebca87 | 0
const prime2High = 0xc2b2ae3d | 0
const prime2Low = 0x27d4eb4f
const prime3High = 0x165667b1
const prime3Low = 0x9e3779f9 | 0
const prime4High = 0x85ebca77 | 0
const prime4Low = 0xc2b2ae63 | 0
const prime5High = 0x27d4eb2f
const prime5Low = 0x165667c5

// The number at work.
let high = 0
let low = 0

function multiply(byHigh: number, byLow: number): void {
  const a0 = low & 0xffff
  const a1 = low >>> 16
  const b0 = byLow & 0xffff
  const b1 = byLow >>> 16
  const middle = a1 * b0 + ((a0 * b0) >>> 16) // the halves' products fit a double with room to spare
  const carry = a0 * b1 + (middle & 0xffff)
  const upper = a1 * b1 + (middle >>> 16) + (carry >>> 16)
  high = (upper + Math.imul(high, byLow) + Math.imul(low, byHigh)) | 0
  low = Math.imul(low, byLow)
}

function add(otherHigh: number, otherLow: number): void {
  const sum = (low >>> 0) + (otherLow >>> 0)
  high = (high + otherHigh + (sum > 0xffff_ffff ? 1 : 0)) | 0
  low = sum | 0
}

/** Requires: 0 < by < 32. */
function rotate(by: number): void {
  const before = high
  high = (high << by) | (low >>> (32 - by))
  low = (low << by) | (before >>> (32 - by))
}

/** The number becomes `round(accumulator, lane)` of the spec. */
function round(accHigh: number, accLow: number, laneHigh: number, laneLow: number): void {
  high = laneHigh
  low = laneLow
  multiply(prime2High, prime2Low)
  add(accHigh, accLow)
  rotate(31)
  multiply(prime1High, prime1Low)
}

/** Takes eight more bytes into an accumulator. */
function mixEight(laneHigh: number, laneLow: number): void {
  const accHigh = high
  const accLow = low
  round(0, 0, laneHigh, laneLow)
  high ^= accHigh
  low ^= accLow
  rotate(27)
  multiply(prime1High, prime1Low)
  add(prime4High, prime4Low)
}

function mixFour(word: number): void {
  const accHigh = high
  const accLow = low
  high = 0
  low = word
  multiply(prime1High, prime1Low)
  high ^= accHigh
  low ^= accLow
  rotate(23)
  multiply(prime2High, prime2Low)
  add(prime3High, prime3Low)
}

function mixByte(byte: number): void {
  const accHigh = high
  const accLow = low
  high = 0
  low = byte
  multiply(prime5High, prime5Low)
  high ^= accHigh
  low ^= accLow
  rotate(11)
  multiply(prime1High, prime1Low)
}

function avalanche(): void {
  low ^= high >>> 1 // x ^= x >>> 33
  multiply(prime2High, prime2Low)
  low ^= (high << 3) | (low >>> 29)
  high ^= high >>> 29
  multiply(prime3High, prime3Low)
  low ^= high
  hashHigh = high
  hashLow = low
}

/** Hashes a 32-bit value in its four bytes. */
export function hashInt32(value: number): void {
  high = prime5High
  low = prime5Low
  add(0, 4)
  mixFour(value)
  avalanche()
}

/** Hashes a 64-bit value in its eight bytes. */
export function hashInt64(valueHigh: number, valueLow: number): void {
  high = prime5High
  low = prime5Low
  add(0, 8)
  mixEight(valueHigh, valueLow)
  avalanche()
}

/** The four accumulators of long inputs, high and low halves. */
const lanes = new Int32Array(8)

function mixStripes(view: DataView, from: number, stripes: number): void {
  high = prime1High
  low = prime1Low
  add(prime2High, prime2Low)
  // P1 + P2, P2, 0, -P1: the lower half of P1 is not 0, so that there is no carry.
  lanes.set([high, low, prime2High, prime2Low, 0, 0, ~prime1High, -prime1Low])
  for (let at = from; at < from + 32 * stripes; at += 32) {
    for (let lane = 0; lane < 4; lane++) {
      const bytesAt = at + 8 * lane
      round(
        lanes[2 * lane]!,
        lanes[2 * lane + 1]!,
        view.getInt32(bytesAt + 4, true),
        view.getInt32(bytesAt, true),
      )
      lanes[2 * lane] = high
      lanes[2 * lane + 1] = low
    }
  }
  const turns = [1, 7, 12, 18]
  let sumHigh = 0
  let sumLow = 0
  for (let lane = 0; lane < 4; lane++) {
    high = lanes[2 * lane]!
    low = lanes[2 * lane + 1]!
    rotate(turns[lane]!)
    add(sumHigh, sumLow)
    sumHigh = high
    sumLow = low
  }
  for (let lane = 0; lane < 4; lane++) {
    const accHigh = high
    const accLow = low
    round(0, 0, lanes[2 * lane]!, lanes[2 * lane + 1]!)
    high ^= accHigh
    low ^= accLow
    multiply(prime1High, prime1Low)
    add(prime4High, prime4Low)
  }
}

/** Hashes bytes `from` up to but not with `to`; `view` shows the same bytes. */
export function hashBytes(bytes: Uint8Array, view: DataView, from: number, to: number): void {
  const stripes = (to - from) >>> 5
  if (stripes > 0) mixStripes(view, from, stripes)
  else {
    high = prime5High
    low = prime5Low
  }
  add(0, to - from)
  let at = from + 32 * stripes
  for (; at + 8 <= to; at += 8) mixEight(view.getInt32(at + 4, true), view.getInt32(at, true))
  if (at + 4 <= to) {
    mixFour(view.getInt32(at, true))
    at += 4
  }
  for (; at < to; at++) mixByte(bytes[at]!)
  avalanche()
}
