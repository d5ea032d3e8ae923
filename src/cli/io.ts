// The world of a command: its streams, its environment, and the signal that ends it.

/** What a command reads, writes and heeds. */
export interface Io {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C, by SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal
}

/** Why the signal was aborted. */
export type Ending = 'SIGINT' | 'SIGTERM' | 'EPIPE'

/** Writes data, waiting while the reader is slower. Returns at once if the signal says that nobody reads. */
export async function print({ stdout, signal }: Pick<Io, 'stdout' | 'signal'>, text: string): Promise<void> {
  if (text === '' || (signal.aborted && signal.reason === 'EPIPE')) return
  if (stdout.write(text)) return
  await new Promise<void>((resolve) => {
    const go = () => {
      stdout.off('drain', go)
      signal.removeEventListener('abort', go)
      resolve()
    }
    stdout.once('drain', go)
    signal.addEventListener('abort', go, { once: true })
  })
}

/** Whether to colour what goes to this stream. */
export function hasColors(stream: NodeJS.WriteStream, env: Io['env']): boolean {
  const { NO_COLOR, TERM } = env
  return stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb'
}

/** Texts in the colours of a terminal, or as they are. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
  accent(text: string): string
}

const painted = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`
const plain = (text: string) => text

/** How to paint what goes to this stream. */
export function paintFor(stream: NodeJS.WriteStream, env: Io['env']): Paint {
  return hasColors(stream, env)
    ? { bold: painted(1), dim: painted(2), accent: painted(36) }
    : { bold: plain, dim: plain, accent: plain }
}
