// What a user has written that cannot be carried out as it stands: exit code 2.

/** A mistake in a command's arguments. The message is one line and says what was expected. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}
