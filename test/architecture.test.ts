// The rules of docs/style.md that a program can check: who may import whom, how long things may be, what stays out.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const fileLinesMax = 400
const functionLinesMax = 70

/** From the bottom up. What stands in one layer may not import each other, unless it is listed in `friends`. */
const layers: readonly (readonly string[])[] = [
  ['util', 'errors'],
  ['format'],
  ['fs'],
  ['options', 'options-compaction'],
  ['wal', 'memtable', 'sstable', 'version', 'scan'],
  ['compaction'],
  ['tree'],
  ['transfer'],
  ['face'],
  ['index'],
  ['level', 'cli'],
]
const friends = new Set(['util', 'errors', 'options', 'options-compaction'])
/** Files directly in src/ that are units of their own; all others there are the public face: table, database, … */
const single = new Set(['errors', 'options', 'options-compaction', 'index'])

interface SourceFile {
  /** From the root, with slashes: `src/format/schema.ts`. */
  readonly path: string
  readonly text: string
}

function sources(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

const src = sources('src')
const tests = sources('test')

/** What a path belongs to: `src/format/codecs/bytes.ts` → `format`, `src/errors.ts` → `errors`, `src/table.ts` → `face`. */
function unitOf(path: string): string {
  const [, unit = ''] = path.split('/')
  if (!unit.endsWith('.ts')) return unit
  const name = unit.slice(0, -3)
  return single.has(name) ? name : 'face'
}

function layerOf(unit: string): number {
  return layers.findIndex((layer) => layer.includes(unit))
}

function mayImport(importer: string, imported: string): boolean {
  if (importer === imported) return true
  if (layerOf(importer) < 0 || layerOf(imported) < 0) return false
  const distance = layerOf(importer) - layerOf(imported)
  return distance > 0 || (distance === 0 && friends.has(importer) && friends.has(imported))
}

function importsOf({ text }: SourceFile): string[] {
  return ts.preProcessFile(text).importedFiles.map((file) => file.fileName)
}

/** Imports that go sideways or upwards, and paths out of src/. */
function wrongImports(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith('.') || name.startsWith('#'))
      .map((name) => posix.join(posix.dirname(file.path), name).replace(/\.js$/, '.ts'))
      .filter((path) => !path.startsWith('src/') || !mayImport(unitOf(file.path), unitOf(path)))
      .map((path) => `${file.path} imports ${path}`),
  )
}

function fileSystemImports(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => !['fs', 'cli'].includes(unitOf(file.path)))
    .filter((file) => importsOf(file).some((name) => /^(node:)?fs(\/|$)/.test(name)))
    .map((file) => file.path)
}

const lineCount = ({ text }: SourceFile) => text.trimEnd().split('\n').length

function longFiles(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => lineCount(file) > fileLinesMax)
    .map((file) => `${file.path}: ${lineCount(file)}`)
}

function walk(file: SourceFile, visit: (node: ts.Node, line: (position: number) => number) => void): void {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
  const line = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1
  const step = (node: ts.Node): void => {
    visit(node, line)
    ts.forEachChild(node, step)
  }
  step(source)
}

function longFunctions(files: readonly SourceFile[]): string[] {
  const found: string[] = []
  for (const file of files) {
    walk(file, (node, line) => {
      if (!ts.isFunctionLike(node)) return
      const first = line(node.getStart())
      const lines = line(node.getEnd()) - first + 1
      if (lines > functionLinesMax) found.push(`${file.path}:${first} has ${lines} lines`)
    })
  }
  return found
}

function anyTypes(files: readonly SourceFile[]): string[] {
  const found: string[] = []
  for (const file of files) {
    walk(file, (node, line) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(`${file.path}:${line(node.getStart())}`)
    })
  }
  return found
}

const unfinished = new RegExp(`\\b(${['TO', 'DO|FIX', 'ME|XX', 'X'].join('')})\\b`)

function unfinishedLines(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (unfinished.test(line) ? [`${path}:${i + 1}`] : [])),
  )
}

describe('imports', () => {
  test('every file of src belongs to a layer', () => {
    expect([...new Set(src.map((file) => unitOf(file.path)))].filter((unit) => layerOf(unit) < 0)).toEqual([])
  })

  test('go downwards only', () => {
    expect(wrongImports(src)).toEqual([])
  })

  test('of the operating system stay in src/fs and src/cli', () => {
    expect(fileSystemImports(src)).toEqual([])
  })
})

describe('length', () => {
  test(`no file has over ${fileLinesMax} lines`, () => {
    expect(longFiles([...src, ...tests])).toEqual([])
  })

  test(`no function of src has over ${functionLinesMax} lines`, () => {
    expect(longFunctions(src)).toEqual([])
  })

  test('the median is known', () => {
    const lengths = src.map(lineCount).sort((a, b) => a - b)
    const median = lengths[lengths.length >> 1] ?? 0
    console.info(`src: ${src.length} files, median ${median} lines, longest ${lengths.at(-1)}`)
    expect(median).toBeGreaterThan(0)
  })
})

describe('nothing is left', () => {
  test('without a type', () => {
    expect(anyTypes([...src, ...tests])).toEqual([])
  })

  test('to be done', () => {
    expect(unfinishedLines([...src, ...tests])).toEqual([])
  })
})

describe('these rules see', () => {
  const at = (path: string, text: string): readonly SourceFile[] => [{ path, text }]

  test('an import that goes upwards, sideways or out of src, also of types and at run time', () => {
    expect(wrongImports(at('src/util/x.ts', "import { a } from '../format/y.js'"))).toHaveLength(1)
    expect(wrongImports(at('src/wal/x.ts', "import type { A } from '../version/y.js'"))).toHaveLength(1)
    expect(wrongImports(at('src/format/codecs/x.ts', "export * from '../../fs/y.js'"))).toHaveLength(1)
    expect(wrongImports(at('src/scan/x.ts', "const y = await import('../tree/y.js')"))).toHaveLength(1)
    expect(wrongImports(at('src/util/x.ts', "import '../options.js'"))).toHaveLength(1)
    expect(wrongImports(at('src/table.ts', "import x from '../test/x.js'"))).toHaveLength(1)
    expect(wrongImports(at('src/table.ts', "import x from '#src/util/x.js'"))).toHaveLength(1)
    expect(wrongImports(at('src/scan/x.ts', "import a from '../fs/y.js'\nimport b from './z.js'"))).toEqual([])
    expect(
      wrongImports(at('src/options.ts', "import a from './format/y.js'\nimport b from './errors.js'")),
    ).toEqual([])
    expect(wrongImports(at('src/table.ts', "import type { Database } from './database.js'"))).toEqual([])
  })

  test('the file system under each of its names', () => {
    for (const name of ['fs', 'node:fs', 'fs/promises', 'node:fs/promises']) {
      expect(fileSystemImports(at('src/wal/x.ts', `import { open } from '${name}'`))).toHaveLength(1)
      expect(fileSystemImports(at('src/fs/x.ts', `import { open } from '${name}'`))).toEqual([])
    }
    expect(fileSystemImports(at('src/wal/x.ts', "import x from 'fs-native-extensions'"))).toEqual([])
  })

  test('what is too long, not typed or not done', () => {
    const body = 'let x = 1\n'.repeat(functionLinesMax)
    expect(longFunctions(at('src/x.ts', `class A {\n m() {\n${body}}\n}`))).toEqual(['src/x.ts:2 has 72 lines'])
    expect(longFunctions(at('src/x.ts', `const f = () => {\n${body.slice(20)}}`))).toEqual([])
    expect(longFiles(at('src/x.ts', '\n'.repeat(fileLinesMax).concat('x')))).toHaveLength(1)
    expect(anyTypes(at('src/x.ts', '// any\nfunction f(x: Map<string, any>) {}\n'))).toEqual(['src/x.ts:2'])
    expect(unfinishedLines(at('src/x.ts', `// ${'TO'}${'DO'}: name`))).toEqual(['src/x.ts:1'])
  })
})
