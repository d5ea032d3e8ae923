// What a read-only opener writes into its file below `readers/`: where in the manifests it reads. One that reads tables at several
// places, since scans go on with what was there before a refresh, has several views.
//
//   {"pid":4711,"views":[{"tables":[{"id":1,"manifest":{"number":7,"bytes":5213},"nextNumber":19}]}]}
//
// A file without content, or with a part of one: anything may be needed.

/** A place in the manifests of a table: manifests are numbered, and each only grows. */
export interface ManifestPlace {
  readonly number: number
  readonly bytes: number
}

/** Where a reader reads a table. */
export interface ReaderPlace extends ManifestPlace {
  /** As the manifest has it there: what is numbered from here on came later. */
  readonly nextNumber: number
}

/** The places at which a reader reads. */
export interface ReaderView {
  /** By table id. Of other tables nothing is needed: they had been dropped, or were made later. */
  readonly tables: ReadonlyMap<number, ReaderPlace>
}

interface ReaderJson {
  readonly pid: number
  readonly views: readonly {
    readonly tables: readonly {
      readonly id: number
      readonly manifest: ManifestPlace
      readonly nextNumber: number
    }[]
  }[]
}

/** The content of a reader's file. */
export function encodeReader(pid: number, views: readonly ReaderView[]): string {
  const json: ReaderJson = {
    pid,
    views: views.map(({ tables }) => ({
      tables: [...tables].map(([id, { number, bytes, nextNumber }]) => ({
        id,
        manifest: { number, bytes },
        nextNumber,
      })),
    })),
  }
  return `${JSON.stringify(json)}\n`
}

/** The views in a reader's file; `'any'`: there are none, or what is there cannot be understood. */
export function decodeReader(text: string): readonly ReaderView[] | 'any' {
  try {
    const { views } = JSON.parse(text) as ReaderJson
    const decoded = views.map(({ tables }) => ({
      tables: new Map(tables.map(({ id, manifest, nextNumber }) => [id, { ...manifest, nextNumber }] as const)),
    }))
    return decoded.length > 0 && decoded.every(isWhole) ? decoded : 'any'
  } catch {
    return 'any'
  }
}

function isWhole({ tables }: ReaderView): boolean {
  const numbers = [...tables].flatMap(([id, { number, bytes, nextNumber }]) => [id, number, bytes, nextNumber])
  return numbers.every(Number.isSafeInteger)
}

/** Whether the first place comes before the second one. */
export function isBefore(a: ManifestPlace, b: ManifestPlace): boolean {
  return a.number < b.number || (a.number === b.number && a.bytes < b.bytes)
}
