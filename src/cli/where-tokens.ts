// The words of the `--where` language, each with the column at which it stands.

import { UsageError } from './usage-error.js'

/** A word. `text` is what it says: quotes undone, keywords in lower case. */
export interface Token {
  readonly kind: 'name' | 'keyword' | 'number' | 'string' | 'bytes' | 'symbol' | 'end'
  readonly text: string
  /** Position in the expression, from 0. */
  readonly at: number
  /** As it was written. */
  readonly source: string
}

const keywords = new Set(['and', 'or', 'not', 'in', 'between', 'is', 'null', 'like', 'true', 'false'])

/** Each form of a word; the first that fits counts. Names that are no plain words stand in double quotes. */
const forms: readonly (readonly [Token['kind'] | 'word' | 'space' | 'quotedName', RegExp])[] = [
  ['space', /\s+/y],
  ['bytes', /[xX]'([0-9a-fA-F]*)'/y],
  ['string', /'((?:[^']|'')*)'/y],
  ['quotedName', /"((?:[^"]|"")+)"/y],
  ['number', /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\p{L}\p{N}_])/uy],
  ['word', /[\p{L}_][\p{L}\p{N}_.]*/uy],
  ['symbol', /==|<>|!=|<=|>=|[=<>(),]/y],
]

/** What an expression cannot be read as, and where. */
export function whereError(text: string, at: number, message: string): UsageError {
  return new UsageError(`where, column ${at + 1}: ${message} (in: ${text})`)
}

/** The words of an expression, an `end` behind them. Throws a UsageError for what is none. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const found = tokenAt(text, at)
    if (found === undefined) throw whereError(text, at, problemAt(text, at))
    if (found.token !== undefined) tokens.push(found.token)
    at = found.end
  }
  tokens.push({ kind: 'end', text: '', at: text.length, source: 'the end' })
  return tokens
}

/** What stands here and where it ends; no token: space. */
function tokenAt(text: string, at: number): { token: Token | undefined; end: number } | undefined {
  for (const [form, pattern] of forms) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) continue
    const [source, inner = ''] = match
    const token = form === 'space' ? undefined : { ...read(form, source, inner), at, source }
    return { token, end: at + source.length }
  }
  return undefined
}

function read(
  form: Exclude<(typeof forms)[number][0], 'space'>,
  source: string,
  inner: string,
): Pick<Token, 'kind' | 'text'> {
  if (form === 'string') return { kind: 'string', text: inner.replaceAll("''", "'") }
  if (form === 'quotedName') return { kind: 'name', text: inner.replaceAll('""', '"') }
  if (form === 'bytes') return { kind: 'bytes', text: inner.toLowerCase() }
  if (form !== 'word') return { kind: form, text: source }
  const lower = source.toLowerCase()
  return keywords.has(lower) ? { kind: 'keyword', text: lower } : { kind: 'name', text: source }
}

function problemAt(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (character === "'") return "a text in single quotes does not end; a quote within it is written ''"
  if (character === '"') return 'a column name in double quotes does not end, or is empty'
  if (/\d/.test(character)) return 'a number runs into a word'
  return `${character} means nothing here`
}
