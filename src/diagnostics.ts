// Events of all databases of the process on channels of node:diagnostics_channel, for tracing tools that do not hold the
// database. Nothing is made or called for a channel that nobody listens to.

import { channel } from 'node:diagnostics_channel'
import type { Events } from './tree/environment.js'

const channels = {
  flush: channel('marquetry:flush'),
  compaction: channel('marquetry:compaction'),
  stall: channel('marquetry:stall'),
  backgroundError: channel('marquetry:backgroundError'),
} satisfies Record<keyof Events, unknown>

/** What a channel `marquetry:<event>` carries: what `db.on` hands to its listeners, and the path of the database. */
export type Diagnostic<E extends keyof Events> = Events[E] & { readonly database: string }

/** Publishes an event. A subscriber that throws raises an uncaught exception later, not here. */
export function publish<E extends keyof Events>(database: string, event: E, payload: Events[E]): void {
  const target = channels[event]
  if (target.hasSubscribers) target.publish({ ...payload, database } satisfies Diagnostic<E>)
}
