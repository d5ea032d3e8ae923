// Pruning made naive, in each of the ways that resurrect old versions: the property test has to notice.

import { type Mutant, mutate } from '../compaction/mutants.js'
import { playDatabase, scansPerDatabase, WrongAnswer } from './play.js'

/** Mistakes of pruning. */
export const mutants: { readonly [name: string]: Mutant } = {
  'a row group is pruned although an older source overlaps': {
    file: 'scan/section-plan.js',
    is: "i < oldest ? 'nothing' : alone",
    becomes: "i < oldest ? 'row groups' : alone",
  },
  'pages are pruned although keys have several versions': {
    file: 'scan/section-plan.js',
    is: "oneVersionPerKey ? 'rows' : 'row groups'",
    becomes: "'rows'",
  },
  'rows are filtered before it is known which versions count': {
    file: 'scan/pipeline.js',
    is: 'mergeSources(parts.sources,',
    becomes: `mergeSources(
      parts.sources.map((source) => predicate === undefined ? source : filter(source, predicate, parts.projection)),`,
  },
  'a bound of floats is taken to be above NaN': {
    file: 'format/predicate-bounds.js',
    is: 'greatest === undefined || isFloat ? 1',
    becomes: 'greatest === undefined ? 1',
  },
  'nulls are forgotten where a condition is turned round': {
    file: 'format/predicate-bounds.js',
    is: "bounds.nulls === 'none' ? 0 : bit(unknown)",
    becomes: '0',
  },
  'a lone file is streamed although a snapshot does not see all of it': {
    file: 'scan/section-plan.js',
    is: '!oneVersionPerKey || maxSeq > seq',
    becomes: '!oneVersionPerKey',
  },
}

const firstSeed = 1
const databasesMax = 600

/** Plays databases until one answers wrongly, and returns which; undefined: none does. */
export async function findOut(
  mutant: Mutant | undefined,
  databases = databasesMax,
): Promise<string | undefined> {
  const { marquetry, memory, remove } = mutate(mutant)
  const { open, t, and, or, not } = marquetry
  const { MemoryFileSystem } = memory
  try {
    for (let seed = firstSeed; seed < firstSeed + databases; seed++) {
      try {
        await playDatabase({ open, t, and, or, not, MemoryFileSystem }, seed, scansPerDatabase)
      } catch (error) {
        if (!(error instanceof WrongAnswer)) throw error
        return `seed ${seed}: ${error.message}`
      }
    }
    return undefined
  } finally {
    remove()
  }
}
