// What decoders throw. They know bytes, not files: `page.ts` turns it into a MarquetryError with file and offset.

/** A page that cannot be decoded: damaged, or, with `unsupported`, of a kind that this package does not read. */
export class PageDamage extends Error {
  readonly unsupported: boolean

  constructor(message: string, unsupported: boolean) {
    super(message)
    this.unsupported = unsupported
  }
}

export function damaged(what: string): never {
  throw new PageDamage(what, false)
}

export function unsupported(what: string): never {
  throw new PageDamage(what, true)
}
