// The CSV parser: held to csv-parse, however the text is cut into pieces, and what it says of records that are none.

import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { CsvParser } from '#src/transfer/csv-parser.js'
import { testSeed } from '../test-seed.js'
import { generator } from './support.js'

type Parsed = readonly [line: number, fields: readonly (string | null)[] | string, text: string]

/** All records of a text that comes in pieces. */
function parsed(pieces: readonly string[], delimiter = ','): Parsed[] {
  const parser = new CsvParser(delimiter)
  const records: Parsed[] = []
  const take = (final: boolean) => {
    for (let record = parser.next(final); record !== undefined; record = parser.next(final)) {
      records.push([record.line, record.wrong ?? record.fields, record.text()])
    }
  }
  for (const piece of pieces) {
    parser.push(piece)
    take(false)
  }
  take(true)
  return records
}

/** A text cut at random places. */
function cut(text: string, random: (below: number) => number): string[] {
  const pieces: string[] = []
  for (let at = 0; at < text.length; ) {
    const end = at + 1 + random(random(4) === 0 ? 40 : 4)
    pieces.push(text.slice(at, end))
    at = end
  }
  return pieces
}

describe('records', () => {
  test(`are those that csv-parse finds, wherever the text is cut (seed ${testSeed})`, () => {
    const random = generator(testSeed)
    const values = ['', 'a', 'bc d', '"', ',', '\n', '\r\n', 'ü€😀', '""', '0', ' ', 'x"y']
    for (let round = 0; round < 400; round++) {
      const fields = 1 + random(4)
      const lineBreak = ['\n', '\r\n', '\r'][random(3)]!
      const lines = Array.from({ length: 1 + random(6) }, () =>
        Array.from({ length: fields }, () => {
          const value = Array.from({ length: random(4) }, () => values[random(values.length)]!).join('')
          const quoted = /[",\r\n]/.test(value) || random(3) === 0
          return quoted ? `"${value.replaceAll('"', '""')}"` : value
        }).join(','),
      )
      const ends = random(2) === 0
      const text = lines.join(lineBreak) + (ends ? lineBreak : '')
      const theirs = parse(text, {
        relax_column_count: true,
        record_delimiter: lineBreak,
        cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
      }) as (string | null)[][]
      const ours = parsed(cut(text, random))
      expect([text, ours.map(([, record]) => record)]).toEqual([text, theirs])
      // An empty line at the very end is none.
      const last = lines.at(-1) === '' && !ends ? lines.length - 1 : lines.length
      expect(ours.map(([, , record]) => record)).toEqual(lines.slice(0, last))
    }
  })

  test('know the line at which they begin', () => {
    const text = 'a,b\n"1\n2\r\n3",x\n\n4,5\r\n"6\r7",8'
    expect(parsed([text]).map(([line]) => line)).toEqual([1, 2, 5, 6, 7])
    expect(parsed([...text]).map(([line]) => line)).toEqual([1, 2, 5, 6, 7])
  })

  test('may have other delimiters', () => {
    expect(parsed(['a;"b;c"\td;\n'], ';')).toEqual([
      [1, 'field 2 goes on behind its closing quote', 'a;"b;c"\td;'],
    ])
    expect(parsed(['a\t"b\tc"\t\n'], '\t')).toEqual([[1, ['a', 'b\tc', null], 'a\t"b\tc"\t']])
  })

  test('that are wrong say why, and the next line is read', () => {
    const text = 'a,b\nx"y,1\n2,"z"z\n3,4\n5,"open,\n6,7\n'
    const wanted = [
      [1, ['a', 'b'], 'a,b'],
      [2, 'field 1 has a quote but does not begin with one', 'x"y,1'],
      [3, 'field 2 goes on behind its closing quote', '2,"z"z'],
      [4, ['3', '4'], '3,4'],
      [5, 'the quote of field 2 is not closed', '5,"open,'],
      [6, ['6', '7'], '6,7'],
    ]
    expect(parsed([text])).toEqual(wanted)
    expect(parsed([...text])).toEqual(wanted)
  })
})
