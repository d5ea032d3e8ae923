// The `--where` language: a recursive-descent parser from text to a tree. What the tree means for a table's columns is
// for where-binder.ts to say.
//
//   condition  := conjunction { or conjunction }
//   conjunction:= negation { and negation }
//   negation   := not negation | ( condition ) | test
//   test       := column (= | == | != | <> | < | <= | > | >=) value
//               | column [not] in ( [ value { , value } ] )
//               | column [not] between value and value
//               | column [not] like 'beginning%'
//               | column is [not] null
//   column     := a plain word | "any name, a double quote doubled"
//   value      := number | 'text, a quote doubled' | x'hexadecimal bytes' | true | false
//
// Keywords are known in any case. Dates and times are written as texts.

import { type Token, tokensOf, whereError } from './where-tokens.js'

/** A constant as it was written, and where. */
export interface Literal {
  readonly kind: 'number' | 'string' | 'bytes' | 'boolean'
  readonly text: string
  readonly at: number
}

/** A column as it was written, and where. */
export interface ColumnName {
  readonly name: string
  readonly at: number
}

/** How a column is compared with one constant, named as in a `where` object. */
export type ComparisonName = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'

/** A condition as a tree. `and` and `or` have two parts or more. */
export type WhereExpression =
  | {
      readonly kind: 'compare'
      readonly column: ColumnName
      readonly operator: ComparisonName
      readonly value: Literal
    }
  | {
      readonly kind: 'in'
      readonly column: ColumnName
      readonly negated: boolean
      readonly values: readonly Literal[]
    }
  | {
      readonly kind: 'between'
      readonly column: ColumnName
      readonly negated: boolean
      readonly low: Literal
      readonly high: Literal
    }
  | {
      readonly kind: 'startsWith'
      readonly column: ColumnName
      readonly negated: boolean
      readonly prefix: string
    }
  | { readonly kind: 'isNull'; readonly column: ColumnName; readonly negated: boolean }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly WhereExpression[] }
  | { readonly kind: 'not'; readonly part: WhereExpression }

const comparisons: Readonly<Record<string, ComparisonName>> = {
  '=': 'eq',
  '==': 'eq',
  '!=': 'ne',
  '<>': 'ne',
  '>': 'gt',
  '>=': 'gte',
  '<': 'lt',
  '<=': 'lte',
}

/** Deep enough for whoever writes by hand; far from the end of the stack. */
const depthMax = 200

/** Reads a condition. Throws a UsageError that names the column, from 1, at which it cannot go on. */
export function parseWhere(text: string): WhereExpression {
  return new Parser(text).whole()
}

class Parser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokensOf(text)
  }

  whole(): WhereExpression {
    const condition = this.#condition()
    if (this.#peek().kind !== 'end') throw this.#expected('`and`, `or` or the end')
    return condition
  }

  #condition(): WhereExpression {
    return this.#joined('or', () => this.#joined('and', () => this.#negation()))
  }

  #joined(kind: 'and' | 'or', operand: () => WhereExpression): WhereExpression {
    const parts = [operand()]
    while (this.#took('keyword', kind)) parts.push(operand())
    return parts.length === 1 ? parts[0]! : { kind, parts }
  }

  #negation(): WhereExpression {
    if (++this.#depth > depthMax)
      throw whereError(this.#text, this.#peek().at, `nested more than ${depthMax} deep`)
    try {
      if (this.#took('keyword', 'not')) return { kind: 'not', part: this.#negation() }
      if (!this.#took('symbol', '(')) return this.#test()
      const inner = this.#condition()
      this.#expect('symbol', ')', '`)`, `and` or `or`')
      return inner
    } finally {
      this.#depth--
    }
  }

  #test(): WhereExpression {
    const { text: name, at } = this.#expect('name', undefined, 'a column, `not` or `(`')
    const column = { name, at }
    const operator = this.#peek().kind === 'symbol' ? comparisons[this.#peek().text] : undefined
    if (operator !== undefined) {
      this.#next++
      return { kind: 'compare', column, operator, value: this.#value() }
    }
    if (this.#took('keyword', 'is')) {
      const negated = this.#took('keyword', 'not')
      this.#expect('keyword', 'null', negated ? '`null`' : '`null` or `not null`')
      return { kind: 'isNull', column, negated }
    }
    const negated = this.#took('keyword', 'not')
    if (this.#took('keyword', 'in')) return { kind: 'in', column, negated, values: this.#list() }
    if (this.#took('keyword', 'like')) return { kind: 'startsWith', column, negated, prefix: this.#beginning() }
    if (this.#took('keyword', 'between')) {
      const low = this.#value()
      this.#expect('keyword', 'and', '`and`')
      return { kind: 'between', column, negated, low, high: this.#value() }
    }
    throw this.#expected(
      negated ? '`in`, `between` or `like`' : 'a comparison, `in`, `between`, `like` or `is`',
    )
  }

  #list(): readonly Literal[] {
    this.#expect('symbol', '(', '`(`')
    const values: Literal[] = []
    if (this.#took('symbol', ')')) return values
    do values.push(this.#value())
    while (this.#took('symbol', ','))
    this.#expect('symbol', ')', '`,` or `)`')
    return values
  }

  #value(): Literal {
    const { kind, text, at } = this.#peek()
    if (kind === 'number' || kind === 'string' || kind === 'bytes') {
      this.#next++
      return { kind, text, at }
    }
    if (kind === 'keyword' && (text === 'true' || text === 'false')) {
      this.#next++
      return { kind: 'boolean', text, at }
    }
    if (kind === 'keyword' && text === 'null') throw this.#expected('a value (for null write `is null`)')
    if (kind === 'name') throw this.#expected('a value (texts stand in single quotes)')
    throw this.#expected('a value')
  }

  /** The only patterns there are: a text and then one %, which is what a sorted engine is good at. */
  #beginning(): string {
    const { text, at } = this.#expect('string', undefined, "a pattern such as 'A%'")
    if (!/^[^%_]*%$/.test(text)) {
      throw whereError(this.#text, at, "a pattern is a beginning and one % at its end, such as 'A%', without _")
    }
    return text.slice(0, -1)
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #took(kind: Token['kind'], text: string): boolean {
    const token = this.#peek()
    if (token.kind !== kind || token.text !== text) return false
    this.#next++
    return true
  }

  #expect(kind: Token['kind'], text: string | undefined, what: string): Token {
    const token = this.#peek()
    if (token.kind !== kind || (text !== undefined && token.text !== text)) throw this.#expected(what)
    this.#next++
    return token
  }

  #expected(what: string) {
    const { at, source, kind } = this.#peek()
    return whereError(this.#text, at, `expects ${what}, not ${kind === 'end' ? source : `\`${source}\``}`)
  }
}
