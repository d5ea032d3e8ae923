// Examples in a page of documentation: fenced blocks whose info string says `example=<name>`.
//
//   ```hex example=x     hexadecimal bytes, spaces as you like, `#` begins a comment
//   ```hex example=keys  lines of a type, a value of it, `->`, and its key
//   ```text example=x    text, its last line feed included
//   ```json example=x    JSON, laid out for reading

import { readFileSync } from 'node:fs'

export interface Fence {
  readonly form: string
  readonly text: string
}

/** The examples of a page by name. */
export function fencesOf(page: URL): ReadonlyMap<string, Fence> {
  const fences = new Map<string, Fence>()
  const blocks = readFileSync(page, 'utf8').matchAll(/^```(\w+) example=([\w.-]+)\n([\s\S]*?)^```$/gm)
  for (const [, form = '', name = '', text = ''] of blocks) {
    if (fences.has(name)) throw new Error(`the example ${name} is given twice`)
    fences.set(name, { form, text })
  }
  return fences
}

/** Hexadecimal digits without spaces and comments. */
export function plain(hex: string): string {
  return hex.replace(/#.*$/gm, '').replace(/\s+/g, '')
}
