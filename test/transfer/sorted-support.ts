// A source that comes as fast as a test lets it, so that things can happen while an import runs.

/** CSV that is pushed piece by piece. */
export interface GatedCsv {
  readonly source: AsyncIterable<Uint8Array>
  /** Resolves when the import has asked for rows: a sorted one has its place in the order of writes then. */
  readonly begun: Promise<void>
  push(...lines: readonly string[]): void
  end(): void
  fail(error: Error): void
}

export function gatedCsv(header: string): GatedCsv {
  const pieces: (string | Error | undefined)[] = []
  let wake = () => {}
  let began = () => {}
  const begun = new Promise<void>((resolve) => {
    began = resolve
  })
  const add = (piece: string | Error | undefined) => {
    pieces.push(piece)
    wake()
  }
  async function* source() {
    yield Buffer.from(`${header}\n`)
    began()
    for (;;) {
      while (pieces.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      const piece = pieces.shift()
      if (piece === undefined) return
      if (piece instanceof Error) throw piece
      yield Buffer.from(piece)
    }
  }
  return {
    source: source(),
    begun,
    push: (...lines) => add(`${lines.join('\n')}\n`),
    end: () => add(undefined),
    fail: add,
  }
}
