import type { Findings } from '../core/backend.ts'
import { ERRORS, type ErrorCode } from '../core/errors.ts'
import type { LogFormat, LogLevel } from '../telemetry/logger.ts'
import type { GroupFailures } from '../backends/group/unserved.ts'
import type { ReplicaPlan } from './replica-plan.ts'

/** How records are written, for a logger that is to write as another one does. */
export interface LogSettings {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly colors: boolean
  /** One record per request. */
  readonly access: boolean
}

/** The first message to a replica. */
export interface StartMessage<P extends ReplicaPlan = ReplicaPlan> {
  readonly type: 'start'
  readonly plan: P
  /** Of the listening sockets, in the order of their descriptors. */
  readonly urls: readonly string[]
  /** On the connection counts. */
  readonly place: number | undefined
  readonly log: LogSettings
}

/** What the connection counts says of a replica has changed in a way that others act upon: one tells the parent, which tells the others. */
export interface CountsMessage {
  readonly type: 'counts'
}

/** What the parent tells a replica, which loads at `start` and accepts from `open` on. */
export type MessageToReplica<P extends ReplicaPlan = ReplicaPlan> =
  | StartMessage<P>
  | { readonly type: 'open' }
  | CountsMessage
  | { readonly type: 'ping' }
  | { readonly type: 'retire' }
  | { readonly type: 'stop' }

/** Findings by the name of the group. */
export type GroupFindings = Readonly<Record<string, Findings>>

/** What a replica tells its parent: `ready` once, `findings` when something else is served. */
export type MessageFromReplica =
  | {
      readonly type: 'ready' | 'findings'
      readonly findings: GroupFindings
      readonly failures: GroupFailures
    }
  | {
      readonly type: 'failed'
      readonly code: ErrorCode
      readonly message: string
      /** Traceback or last output; may be empty. */
      readonly detail: string
    }
  | CountsMessage
  | { readonly type: 'pong' }
  | { readonly type: 'leaving' }

const TO_REPLICA = new Set(['start', 'open', 'counts', 'ping', 'retire', 'stop'])
const FROM_REPLICA = new Set(['ready', 'findings', 'failed', 'counts', 'pong', 'leaving'])

/** Both ends are of one package and one start, so the type tells the rest. */
export function isMessageToReplica<P extends ReplicaPlan>(
  value: unknown,
): value is MessageToReplica<P> {
  return TO_REPLICA.has(typeOf(value))
}

/** As `isMessageToReplica`; the application in the replica may send messages of its own. */
export function isMessageFromReplica(value: unknown): value is MessageFromReplica {
  const type = typeOf(value)
  if (!FROM_REPLICA.has(type)) return false
  return type !== 'failed' || Object.hasOwn(ERRORS, String(Reflect.get(Object(value), 'code')))
}

function typeOf(value: unknown): string {
  const type: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'type') : undefined
  return typeof type === 'string' ? type : ''
}
