// CSV as RFC 4180 has it, from text that comes in pieces.
//
//   a,b                 fields between delimiters; a record ends with \n, \r\n or \r
//   1,"x, ""y""
//   z"                  a quoted field holds delimiters, line breaks and, doubled, quotes
//   2,                  an empty field is null, a quoted empty one is the empty string
//
// Written by hand since parsers from npm do not tell quoted from plain fields, or take 30 µs a record when asked to; a test
// holds it to one of them. A bad record is reported, and the next one begins on the line behind the one where it went wrong.

/** A record: where it begins, and its fields or what is wrong with it. */
export interface CsvRecord {
  /** Number of its first line, from 1. */
  readonly line: number
  /** The fields; null: empty, or the null text, and not quoted. */
  readonly fields: readonly (string | null)[]
  /** What is wrong with the record; undefined: nothing. */
  readonly wrong: string | undefined
  /** The record's text. */
  text(): string
}

const quote = 0x22
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Longest record, in characters: more is rather a quote that nobody has closed. */
const recordLengthMax = 256 * 1024 * 1024

export class CsvParser {
  readonly #delimiter: number
  readonly #nullText: string
  /** Text that was not given out as records yet. */
  #text = ''
  /** Where in the text the next record begins. */
  #at = 0
  #line = 1
  /** Nothing is tried before so much text has gathered: a long record is not parsed anew for every piece of it. */
  #enough = 0
  // Of the record that is being parsed:
  #fields: (string | null)[] = []
  #wrong: string | undefined
  #lines = 0
  #recordEnd = 0

  /** `nullText`: fields of this text that are not quoted are null, as empty ones are. */
  constructor(delimiter: string, nullText = '') {
    this.#delimiter = delimiter.charCodeAt(0)
    this.#nullText = nullText
  }

  /** Number of the line at which the next record begins. */
  get line(): number {
    return this.#line
  }

  push(piece: string): void {
    this.#text = this.#at === this.#text.length ? piece : this.#text.slice(this.#at) + piece
    this.#at = 0
  }

  /** The next record of the text so far; `final`: no more comes. Undefined: none is complete. Empty lines count as records. */
  next(final: boolean): CsvRecord | undefined {
    const left = this.#text.length - this.#at
    if (left === 0 || (!final && left < this.#enough)) return undefined
    const start = this.#at
    const end = this.#parse(start, final)
    if (end < 0) {
      this.#enough = left * 2
      if (left <= recordLengthMax) return undefined
      this.#wrong = `the record is longer than ${recordLengthMax} characters: is a quote not closed?`
      return this.#give(start, this.#lineEnd(start))
    }
    return this.#give(start, end)
  }

  #give(start: number, end: number): CsvRecord {
    const text = this.#text
    const recordEnd = this.#wrong === undefined ? this.#recordEnd : withoutBreak(text, end)
    const record = {
      line: this.#line,
      fields: this.#fields,
      wrong: this.#wrong,
      text: () => text.slice(start, recordEnd),
    }
    this.#line += this.#lines
    this.#at = end
    this.#enough = 0
    return record
  }

  /** Parses a record and returns where the next one begins; −1: there may be more of it. */
  #parse(start: number, final: boolean): number {
    const text = this.#text
    const fields: (string | null)[] = []
    this.#fields = fields
    this.#wrong = undefined
    this.#lines = 0
    for (let at = start; ; at++) {
      let end: number
      if (text.charCodeAt(at) === quote) {
        end = this.#quoted(at, final)
        if (end < 0) return this.#wrong === undefined ? -1 : this.#skip(start, final)
      } else {
        end = this.#plainEnd(at)
        fields.push(end === at ? null : this.#plain(text.slice(at, end)))
        if (text.charCodeAt(end) === quote) {
          this.#wrong = `field ${fields.length} has a quote but does not begin with one`
          return this.#skip(end, final)
        }
      }
      if (end === text.length) {
        if (!final) return -1
        this.#recordEnd = end
        this.#lines++
        return end
      }
      if (text.charCodeAt(end) !== this.#delimiter) {
        this.#recordEnd = end
        return this.#behindBreak(end, final)
      }
      at = end
    }
  }

  #plain(text: string): string | null {
    return text === this.#nullText ? null : text
  }

  #plainEnd(from: number): number {
    const text = this.#text
    const delimiter = this.#delimiter
    for (let at = from; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      if (unit === delimiter || unit === lineFeed || unit === carriageReturn || unit === quote) return at
    }
    return text.length
  }

  /** Takes the quoted field at `from` and returns where it ends; −1: it goes on, or is wrong. */
  #quoted(from: number, final: boolean): number {
    const text = this.#text
    let value = ''
    let start = from + 1
    for (;;) {
      const end = text.indexOf('"', start)
      if (end < 0 || (end + 1 === text.length && !final)) {
        if (final) this.#wrong = `the quote of field ${this.#fields.length + 1} is not closed`
        return -1
      }
      value += text.slice(start, end)
      const behind = text.charCodeAt(end + 1)
      if (behind === quote) {
        value += '"'
        start = end + 2
        continue
      }
      const isEnd =
        end + 1 === text.length ||
        behind === this.#delimiter ||
        behind === lineFeed ||
        behind === carriageReturn
      if (!isEnd) {
        this.#wrong = `field ${this.#fields.length + 1} goes on behind its closing quote`
        return -1
      }
      this.#fields.push(value)
      this.#lines += breaksIn(text, from + 1, end)
      return end + 1
    }
  }

  /** Where the record behind the line break at `at` begins; −1: the break may go on. */
  #behindBreak(at: number, final: boolean): number {
    const text = this.#text
    if (text.charCodeAt(at) === carriageReturn) {
      if (at + 1 === text.length && !final) return -1
      if (text.charCodeAt(at + 1) === lineFeed) at++
    }
    this.#lines++
    return at + 1
  }

  /** Leaves a record that is wrong at `at`: the next one begins on the next line; −1: that has not come yet. */
  #skip(at: number, final: boolean): number {
    const end = this.#lineEnd(at)
    if (end === this.#text.length && !final) return -1
    return end
  }

  /** Where the line behind that of `at` begins. Sets the number of lines to what lies before it. */
  #lineEnd(at: number): number {
    const text = this.#text
    let end = at
    while (end < text.length && text.charCodeAt(end) !== lineFeed && text.charCodeAt(end) !== carriageReturn)
      end++
    if (text.charCodeAt(end) === carriageReturn && text.charCodeAt(end + 1) === lineFeed) end++
    end = Math.min(end + 1, text.length)
    this.#lines = Math.max(1, breaksIn(text, this.#at, end))
    return end
  }
}

function breaksIn(text: string, from: number, to: number): number {
  let breaks = 0
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at)
    if (unit === lineFeed || (unit === carriageReturn && text.charCodeAt(at + 1) !== lineFeed)) breaks++
  }
  return breaks
}

function withoutBreak(text: string, end: number): number {
  let at = end
  while (at > 0 && (text.charCodeAt(at - 1) === lineFeed || text.charCodeAt(at - 1) === carriageReturn)) at--
  return at
}
