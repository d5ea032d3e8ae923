// Engines with one mistake each in what merges must get right: a copy of the built package in which one exact piece of
// code is another one.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Mutant {
  readonly file: string
  readonly is: string
  readonly becomes: string
  /** Only merges in several workers have what the mutant spoils. */
  readonly needsWorkers?: boolean
}

export const mutants: { readonly [name: string]: Mutant } = {
  'no elision guard: nothing counts as older than the inputs': {
    file: 'tree/tree-compaction.js',
    is: 'older: [...olderThan(version, plan), ...this.#tree.comingBelow(plan)],',
    becomes: 'older: [],',
  },
  'a snapshot does not keep the version that it is the last to see': {
    file: 'compaction/retained.js',
    is: 'seq <= snapshot && snapshot < newerSeq',
    becomes: 'seq < snapshot && snapshot < newerSeq',
  },
  'a read does not see the version of its own number': {
    file: 'scan/visible.js',
    is: '!shown && seq[i] <= this.#seq',
    becomes: '!shown && !(seq[i] >= this.#seq)',
  },
  'runs are merged that are no neighbours': {
    file: 'tree/compactor.js',
    is: 'const plan = this.#strategy?.(version, busy);',
    becomes: `const chosen = this.#strategy?.(version, busy);
        const runs = version.runs.filter(({ tables }) => tables.some((table) => chosen?.inputs.includes(table)));
        const isPassed = (table) => runs.length > 2 && runs[1].tables.includes(table);
        const plan = chosen && { ...chosen, inputs: chosen.inputs.filter((table) => !isPassed(table)) };`,
  },
  'a new run goes to the front': {
    file: 'version/version.js',
    is: 'next.splice(front + 1, 0,',
    becomes: 'next.splice(0, 0,',
  },
  'a new run goes where the newest input was': {
    file: 'version/placement.js',
    is: 'behind: oldest.id',
    becomes: 'behind: version.runs[spanOf(version, inputs).newest].id',
  },
  'a compaction by hand misses what its inputs overlap': {
    file: 'compaction/plan-facts.js',
    is: 'if (more.length === inputs.length)',
    becomes: 'if (more.length >= inputs.length)',
  },
  'the ends of sub-ranges are closed': {
    file: 'compaction/plan-facts.js',
    is: '({ gte, lt: cuts[index] })',
    becomes: '({ gte, lt: cuts[index] && Uint8Array.of(...cuts[index], 0) })',
    needsWorkers: true,
  },
  'numbers become 0 although a snapshot does not see the version': {
    file: 'compaction/retained.js',
    is: 'seq[row] > this.#seenByAll ||',
    becomes: '',
  },
  'numbers become 0 although something older lies below': {
    file: 'compaction/retained.js',
    is: '|| isBelow?.[row] === 1)',
    becomes: ')',
  },
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The modules of a mutated package that a test needs. */
export interface MutatedPackage {
  readonly marquetry: typeof import('marquetry')
  readonly memory: typeof import('#src/fs/memory.js')
  readonly faulty: typeof import('#src/fs/faulty.js')
  readonly node: typeof import('#src/fs/node.js')
  remove(): void
}

/** Builds and loads a mutated package. Undefined: the package as it is. */
export function mutate(mutant: Mutant | undefined): MutatedPackage {
  const folder = mkdtempSync(join(tmpdir(), 'marquetry-mutant-'))
  mkdirSync(join(folder, 'dist'))
  cpSync(join(root, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: (path) => !/\.(map|d\.ts)$/.test(path),
  })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  if (mutant !== undefined) {
    const path = join(folder, 'dist', mutant.file)
    const code = readFileSync(path, 'utf8')
    if (code.split(mutant.is).length !== 2) throw new Error(`${mutant.file} does not have once: ${mutant.is}`)
    writeFileSync(
      path,
      code.replace(mutant.is, () => mutant.becomes),
    )
  }
  const require = createRequire(import.meta.url) // of Node, not of Vite, which would look at all the code
  const load = (module: string) => require(join(folder, 'dist', module))
  return {
    marquetry: load('index.js'),
    memory: load('fs/memory.js'),
    faulty: load('fs/faulty.js'),
    node: load('fs/node.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Builds and loads a mutated package for as long as `act` takes. */
export async function withEngine<T>(
  mutant: Mutant | undefined,
  act: (engine: MutatedPackage) => Promise<T>,
): Promise<T> {
  const engine = mutate(mutant)
  try {
    return await act(engine)
  } finally {
    engine.remove()
  }
}
