// Runs sources of ours in a process of its own, without a build: they and what they import are compiled file by file.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Compiles src/`entry` and its imports into `directory`, and returns the entry's URL there. */
function compile(entry: string, directory: string): string {
  const done = new Set<string>()
  const compileFile = (source: string): void => {
    if (done.has(source)) return
    done.add(source)
    const text = readFileSync(join(repository, 'src', source), 'utf8')
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
    const { outputText } = ts.transpileModule(text, { compilerOptions: options })
    const target = join(directory, source.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, outputText)
    for (const [, specifier = ''] of outputText.matchAll(/from '(\.[^']+)\.js'/g)) {
      compileFile(join(dirname(source), `${specifier}.ts`))
    }
  }
  compileFile(entry)
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  symlinkSync(resolve(repository, 'node_modules'), join(directory, 'node_modules'))
  return join(directory, entry.replace(/\.ts$/, '.js'))
}

/**
 * Starts a process that runs `script`, a module's text in which `$entry` stands for the path of the compiled src/`entry`.
 * `lines` are those it prints.
 */
export function startChild(
  entry: string,
  directory: string,
  script: string,
): { readonly child: ChildProcess; readonly lines: AsyncIterator<string>; readonly kill: () => Promise<void> } {
  const path = compile(entry, directory)
  const child = spawn(process.execPath, ['--input-type=module', '-e', script.replaceAll('$entry', path)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { child, lines, kill }
}
