// A line on the terminal that says how far a long command has come. Where stderr is no terminal there is none.

import type { Io } from './io.js'
import { bytesText, countText, durationText } from './quantities.js'

/** How far something has come; totals are known or not. */
export interface Progress {
  readonly rows?: number | undefined
  readonly rowsTotal?: number | undefined
  readonly bytes?: number | undefined
  readonly bytesTotal?: number | undefined
  /** Files done and all. */
  readonly files?: number | undefined
  readonly filesTotal?: number | undefined
}

/** The line: `show` as often as one likes, `end` once, also after a failure. */
export interface ProgressLine {
  show(progress: Progress): void
  end(): void
}

const intervalMs = 100
const barCharacters = 24

export function progressLine({ stderr }: Pick<Io, 'stderr'>, label: string): ProgressLine {
  if (stderr.isTTY !== true) return { show() {}, end() {} }
  const beganMs = performance.now()
  let shownMs = Number.NEGATIVE_INFINITY
  return {
    show(progress) {
      const nowMs = performance.now()
      if (nowMs - shownMs < intervalMs) return
      shownMs = nowMs
      const text = progressText(label, progress, nowMs - beganMs)
      stderr.write(`\r\u001b[K${text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`)
    },
    end() {
      if (shownMs > 0) stderr.write('\r\u001b[K')
    },
  }
}

/** What the line says after `elapsedMs`. */
export function progressText(label: string, progress: Progress, elapsedMs: number): string {
  const { rows, rowsTotal, bytes, bytesTotal, files, filesTotal } = progress
  const share = shareOf(bytes, bytesTotal) ?? shareOf(rows, rowsTotal) ?? shareOf(files, filesTotal)
  const parts = [
    share === undefined ? undefined : `${barOf(share)} ${String(Math.floor(share * 100)).padStart(3)} %`,
    rows === undefined ? undefined : `${ofTotal(rows, rowsTotal, countText)} rows`,
    files === undefined ? undefined : `${ofTotal(files, filesTotal, countText)} files`,
    bytes === undefined ? undefined : ofTotal(bytes, bytesTotal, bytesText),
    rateText(rows, bytes, elapsedMs),
    share === undefined || share <= 0 || elapsedMs < 500
      ? undefined
      : `${durationText((elapsedMs / share) * (1 - share))} left`,
  ]
  return [label, ...parts.filter((part) => part !== undefined)].join('  ')
}

function shareOf(done: number | undefined, total: number | undefined): number | undefined {
  if (done === undefined || total === undefined || !(total > 0)) return undefined
  return Math.min(1, done / total)
}

function barOf(share: number): string {
  const full = Math.round(share * barCharacters)
  return `${'█'.repeat(full)}${'░'.repeat(barCharacters - full)}`
}

function ofTotal(done: number, total: number | undefined, text: (n: number) => string): string {
  return total === undefined || total <= 0 ? text(done) : `${text(done)} of ${text(total)}`
}

function rateText(rows: number | undefined, bytes: number | undefined, elapsedMs: number): string | undefined {
  const done = rows ?? bytes
  if (done === undefined || done === 0 || elapsedMs < 500) return undefined
  const perSecond = Math.round(done / (elapsedMs / 1000))
  return rows === undefined ? `${bytesText(perSecond)}/s` : `${countText(perSecond)} rows/s`
}
