import { isDate } from 'node:util/types'

const shownCharacters = 40

/** A value that a caller gave, as messages show it: short, and told apart from what looks like it. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') {
    return JSON.stringify(value.length > shownCharacters ? `${value.slice(0, shownCharacters)}…` : value)
  }
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value)
  if (isDate(value)) {
    const milliseconds = Date.prototype.getTime.call(value)
    return Number.isNaN(milliseconds) ? 'an invalid Date' : `the Date ${new Date(milliseconds).toISOString()}`
  }
  return Object.prototype.toString.call(value).slice(8, -1)
}
