// What import and export have in common: formats and lists of names, as words.

import { type Format, formatOfName, formats } from '../transfer/formats.js'
import { UsageError } from './usage-error.js'

/** The format that is asked for, or that the file's name tells; a user has to say what neither does. */
export function formatFromText(asked: string | undefined, file: string): Format {
  const told = asked === undefined ? formatOfName(file) : formats.find((format) => format === asked)
  if (told !== undefined) return told
  if (asked !== undefined) throw new UsageError(`the formats are ${formats.join(', ')}; ${asked} is none`)
  const what = file === '-' ? 'a stream has' : `the name ${file} tells`
  throw new UsageError(`${what} no format: say --format ${formats.join('|')}`)
}

/** Names separated by commas. */
export function namesFromText(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',').map((name) => name.trim())
}
