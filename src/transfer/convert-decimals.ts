// Decimals, from decimals of other precision and scale and from integers. By bigint: exact, and rare enough.

import { type Data, type DataType, type Decimal, DataType as Types } from 'apache-arrow'
import { formatDecimal } from '../format/codecs/decimal.js'
import { fixedVector } from '../format/vector.js'
import { type Converter, eachPiece } from './converted.js'

/** The integers of a piece: those that its decimals are, scaled, or its own. */
function integersOf(piece: Data): (i: number) => bigint {
  const values = piece.values as ArrayLike<number | bigint>
  if (!Types.isDecimal(piece.type)) return (i) => BigInt(values[i]!)
  const words = piece.values as Uint32Array
  const perRow = piece.type.bitWidth / 32
  return (i) => {
    let value = BigInt(words[perRow * (i + 1) - 1]! | 0)
    for (let word = perRow - 2; word >= 0; word--) value = (value << 32n) | BigInt(words[perRow * i + word]!)
    return value
  }
}

/** To decimal128. `from`: a decimal or an integer type. */
export function decimalConverter(from: Decimal | DataType, precision: number, scale: number): Converter {
  const scaleBefore = Types.isDecimal(from) ? from.scale : 0
  const raise = 10n ** BigInt(Math.max(0, scale - scaleBefore))
  const lower = 10n ** BigInt(Math.max(0, scaleBefore - scale))
  const limit = 10n ** BigInt(precision)
  return ({ data, rows, valid }, refuse) => {
    const words = new Uint32Array(rows * 4)
    eachPiece(data, (piece, at) => {
      const integerAt = integersOf(piece)
      for (let i = 0; i < piece.length; i++) {
        if (valid !== undefined && valid[at + i] === 0) continue
        const given = integerAt(i)
        const value = (given * raise) / lower
        if (value * lower !== given * raise || value >= limit || value <= -limit) {
          const shown = scaleBefore < 0 ? `${given}e${-scaleBefore}` : formatDecimal(given, scaleBefore)
          refuse(at + i, `${shown} has more than ${precision} digits, or more than ${scale} behind the point`)
        }
        for (let word = 0; word < 4; word++) {
          words[4 * (at + i) + word] = Number(BigInt.asUintN(32, value >> BigInt(32 * word)))
        }
      }
    })
    return fixedVector('int128', words, valid)
  }
}
