// Numbers of a JSON line with all their digits. JSON.parse makes doubles of them, which end at 2^53; so where a line has
// a number of many digits, the numbers of its object are found again in its text.

/** What a line has to look like for a number in it to lose digits: sixteen of them, a point perhaps among them. */
const manyDigits = /\d[\d.]{15}/

/** Whether some number of the line may not survive JSON.parse. */
export function hasManyDigits(line: string): boolean {
  return manyDigits.test(line)
}

/**
 * The texts of the numbers that are the object's own members, by name; of members that are given twice the last, as
 * JSON.parse does. Requires: JSON.parse accepts the line, and makes an object of it.
 */
export function numberTexts(line: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  let at = line.indexOf('{') + 1
  for (;;) {
    const quote = line.indexOf('"', at)
    if (quote < 0) return texts
    const nameEnd = stringEnd(line, quote)
    const name = JSON.parse(line.slice(quote, nameEnd)) as string
    const start = skipSpace(line, line.indexOf(':', nameEnd) + 1)
    const end = valueEnd(line, start)
    const first = line.charCodeAt(start)
    if (first === 0x2d || (first >= 0x30 && first <= 0x39)) texts.set(name, line.slice(start, end).trimEnd())
    else texts.delete(name)
    if (line[end] !== ',') return texts
    at = end + 1
  }
}

/** Behind the closing quote of the string that opens at `at`. */
function stringEnd(line: string, at: number): number {
  let end = at + 1
  while (line[end] !== '"') end += line[end] === '\\' ? 2 : 1
  return end + 1
}

function skipSpace(line: string, at: number): number {
  let start = at
  while (line.charCodeAt(start) <= 0x20) start++
  return start
}

/** Where the value that starts at `at` is followed by the object's next comma or its end. */
function valueEnd(line: string, at: number): number {
  let depth = 0
  for (let end = at; ; ) {
    const unit = line[end]
    if (unit === '"') {
      end = stringEnd(line, end)
      continue
    }
    if (unit === '{' || unit === '[') depth++
    else if (depth > 0 && (unit === '}' || unit === ']')) depth--
    else if (depth === 0 && (unit === ',' || unit === '}')) return end
    end++
  }
}
