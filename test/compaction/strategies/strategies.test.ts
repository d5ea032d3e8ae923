// Runs the scenarios in the .txt files beside this one, in the manner of Pebble's data-driven tests: a command, its
// lines, `----`, what it must answer. Commands:
//
//   options name=value …          options of compaction from here on; lists as a,b,c
//   define + a drawing            the version; see drawing.ts
//   pick [busy=a,b]               the plan
//   settle                        carries plans out until there is none; every plan and the version in the end
//
// `MARQUETRY_REWRITE=1` writes what came out into the files, to be read over and committed.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { strategyOf } from '#src/compaction/strategies/strategy.js'
import { resolveCompactionOptions } from '#src/options-compaction.js'
import { Version, validatePlan } from '#src/version/version.js'
import { carryOut, draw, numberOf, readDrawing, showPlan } from './drawing.js'

interface State {
  version: Version
  options: Record<string, unknown>
}

function parseValue(text: string): unknown {
  if (text.includes(',')) return text.split(',')
  return /^[\d.]+$/.test(text) ? Number(text) : text
}

function answer(state: State, command: string, lines: readonly string[]): string {
  const [name, ...words] = command.split(/\s+/)
  const pairs = words.map((word) => word.split('=') as [string, string])
  if (name === 'options') {
    const options = Object.fromEntries(pairs.map(([option, value]) => [option, parseValue(value)]))
    state.options = { flushBytes: 100, targetFileBytes: 4096, ...options }
    resolveCompactionOptions(state.options)
    return ''
  }
  if (name === 'define') {
    state.version = readDrawing(lines)
    return ''
  }
  const strategy = strategyOf(resolveCompactionOptions(state.options))
  if (name === 'pick') {
    const busy = new Set((pairs[0]?.[1] ?? '').split(',').filter(Boolean).map(numberOf))
    const plan = strategy(state.version, busy)
    if (plan === undefined) return 'nothing'
    validatePlan(state.version, plan.inputs, plan.output)
    return showPlan(state.version, plan)
  }
  if (name !== 'settle') throw new Error(`no such command: ${name}`)
  const shown: string[] = []
  for (let plan = strategy(state.version, new Set()); plan !== undefined; ) {
    if (shown.length > 100) throw new Error('no end')
    shown.push(showPlan(state.version, plan))
    state.version = carryOut(state.version, plan)
    plan = strategy(state.version, new Set())
  }
  return [...shown, draw(state.version)].join('\n')
}

/** A file's paragraphs, one a command; comments are kept as they are. */
function play(text: string): string {
  const state: State = { version: Version.empty, options: {} }
  const paragraphs = text.trimEnd().split(/\n\n+/)
  return `${paragraphs.map((paragraph) => playOne(state, paragraph)).join('\n\n')}\n`
}

function playOne(state: State, paragraph: string): string {
  const all = paragraph.split('\n')
  const start = all.findIndex((line) => !line.startsWith('#'))
  if (start === -1) return paragraph
  const end = all.indexOf('----') === -1 ? all.length : all.indexOf('----')
  const given = all.slice(0, end)
  const result = answer(state, all[start]!, all.slice(start + 1, end))
  return [...given, ...(result === '' ? [] : ['----', result])].join('\n')
}

const folder = new URL('./', import.meta.url)
test.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', (name) => {
  const path = new URL(name, folder)
  const text = readFileSync(path, 'utf8')
  const played = play(text)
  if (process.env['MARQUETRY_REWRITE'] !== undefined) writeFileSync(path, played)
  else expect(played).toBe(text)
})
