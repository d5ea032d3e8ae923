// Runs the TypeScript compiler over api-types.ts, so that `npm test` covers what the types promise.

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const apiTypes = join(root, 'test/types/api-types.ts')
/** The package's sources are compiled along: what they declare for untyped dependencies belongs to the program. */
const declarations = join(root, 'src/fs/fs-native-extensions.d.ts')

function compilerOptions(): ts.CompilerOptions {
  const path = join(root, 'tsconfig.json')
  const { config } = ts.readConfigFile(path, ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, ts.sys, root, undefined, path).options
}

/** Parsed once for all programs. */
const parsed = new Map<string, ts.SourceFile | undefined>()

/** What the compiler says of the whole program, or of api-types.ts alone, in which `find` was replaced. */
function diagnose(find = '', replacement = ''): string[] {
  const options = compilerOptions()
  const host = ts.createCompilerHost(options)
  const readFile = host.getSourceFile
  host.getSourceFile = (name, version, ...rest) => {
    if (name !== apiTypes) {
      if (!parsed.has(name)) parsed.set(name, readFile(name, version, ...rest))
      return parsed.get(name)
    }
    const text = ts.sys.readFile(name) ?? ''
    expect(text).toContain(find)
    return ts.createSourceFile(
      name,
      text.replace(find, () => replacement),
      version,
      true,
    )
  }
  const program = ts.createProgram([apiTypes, declarations], options, host)
  const checked = find === '' ? undefined : program.getSourceFile(apiTypes)
  return ts.getPreEmitDiagnostics(program, checked).map((diagnostic) => {
    const line = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? -1
    return `${diagnostic.file?.fileName}:${line + 1} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`
  })
}

test('what must compile does, and what must not does not', () => {
  expect(diagnose()).toEqual([])
})

test('an expected error that stays away is reported', () => {
  expect(diagnose("flights.scan({ gte: ['ATL'] })", 'flights.scan({ gte: [d] })')).toEqual([
    expect.stringContaining("Unused '@ts-expect-error' directive"),
  ])
})

test('an error that nobody expects is reported', () => {
  expect(diagnose("await kv.get('x')", 'await kv.get(1)')).toEqual([expect.stringContaining('not assignable')])
})
