// Being a good guest on the user's event loop. A chain of promises that are already settled never lets timers and
// sockets have their turn; so whoever works in such a chain asks now and then whether a turn is due, and takes it.

/** How long the loop may go without a turn. */
const turnMs = 4

let lastTurn = performance.now()
let armed = false

/** Whether the event loop has not turned for some milliseconds. Costs about 40 ns. */
export function turnIsDue(): boolean {
  if (!armed) {
    armed = true
    lastTurn = performance.now()
    setImmediate(() => {
      armed = false
    }).unref()
    return false
  }
  return performance.now() - lastTurn > turnMs
}

/** Lets the event loop turn once. */
export function takeTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
