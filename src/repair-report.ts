// What a repair did, or would do: plain data, and as text for people.

/** One thing that a repair did: `kept` and `rebuilt` lose nothing; `lost` says what is gone. */
export interface RepairAction {
  readonly action: 'kept' | 'rebuilt' | 'saved' | 'lost'
  readonly file: string
  readonly message: string
}

/** What a repair did, or, as a dry run, would do. */
export class RepairReport {
  readonly path: string
  readonly dryRun: boolean
  readonly actions: readonly RepairAction[]

  constructor(path: string, dryRun: boolean, actions: readonly RepairAction[]) {
    this.path = path
    this.dryRun = dryRun
    this.actions = actions
  }

  /** What could not be saved. */
  get lost(): readonly RepairAction[] {
    return this.actions.filter(({ action }) => action === 'lost')
  }

  /** Whether there was anything to repair. */
  get wasWhole(): boolean {
    return this.actions.every(({ action }) => action === 'kept')
  }

  /** A line for each thing that was done, but for what was whole. */
  toString(): string {
    if (this.wasWhole) return `${this.path}: nothing to repair`
    const would = this.dryRun ? ' (dry run: nothing was changed)' : ''
    const done = this.actions.filter(({ action }) => action !== 'kept')
    return [
      `${this.path}${would}:`,
      ...done.map(({ action, file, message }) => `  ${action} ${file}: ${message}`),
    ].join('\n')
  }
}

/** Takes notes while a repair goes on, and does what changes anything unless it is a dry run. */
export class RepairNotes {
  readonly dryRun: boolean
  readonly actions: RepairAction[] = []

  constructor(dryRun: boolean) {
    this.dryRun = dryRun
  }

  note(action: RepairAction['action'], file: string, message: string): void {
    this.actions.push({ action, file, message })
  }

  async change(step: () => Promise<unknown>): Promise<void> {
    if (!this.dryRun) await step()
  }
}
