import type { Findings } from '../core/backend.ts'
import type { AppStatus } from '../core/group-status.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import { ERRORS, type ErrorCode } from '../core/errors.ts'
import type { LogFormat, LogLevel } from '../telemetry/logger.ts'
import type { MeasuredMetrics } from '../telemetry/metrics/process-metrics.ts'
import type { Rotation } from '../telemetry/rotation.ts'
import type { GroupFailures } from '../backends/group/unserved.ts'
import type { Cause } from '../processes/cause.ts'
import type { ServiceNews } from '../processes/supervisor-log.ts'
import type { TlsMaterial } from '../streams/tls/material.ts'
import type { ReplicaPlan } from './replica-plan.ts'

/** Descriptor of the socket to the parent process, which writes nothing to it: see startReplica. Python writes its reports to it. */
export const LIFELINE = 4

/** Settings of a logger, for another one with the same output. */
export interface LogSettings {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly colors: boolean
  /** Where records go, as `parseLogPlace` takes it; lines go there through the parent process. */
  readonly to: string
  /** How requests are logged; undefined: not at all. */
  readonly access: AccessLogSettings | undefined
}

/** How requests are logged. */
export interface AccessLogSettings {
  /** `pretty`, `json`, `common`, `combined` or a template; undefined: as other records. */
  readonly format: string | undefined
  /** A file has them in place of the log. */
  readonly file: string | undefined
  /** When the file is put aside. */
  readonly rotation: Rotation | undefined
  /** Another place for them, as `parseLogPlace` takes it; undefined: the log. */
  readonly to: string | undefined
}

/** The first message to a replica. */
export interface StartMessage<P extends ReplicaPlan = ReplicaPlan> {
  readonly type: 'start'
  readonly plan: P
  /** Addresses of the listening sockets, in the order of their descriptors. */
  readonly urls: readonly string[]
  /** Place in the connection counts. */
  readonly place: number | undefined
  readonly log: LogSettings
  /** Of the pages that it makes, if they load themselves again. */
  readonly pageVersion: string
  /** Absent: no address speaks https. */
  readonly material?: TlsMaterial | undefined
}

/** Connections that begin later get other certificates. */
export interface CertificatesMessage {
  readonly type: 'certificates'
  readonly material: TlsMaterial
}

/** Pages in browsers have to load again. */
export interface RefreshMessage {
  readonly type: 'refresh'
  readonly version: string
}

/** The connection counts of a replica have changed so that others must react: the replica tells the parent, which tells the others. */
export interface CountsMessage {
  readonly type: 'counts'
}

/** Messages to a replica, which loads at `start` and accepts from `open` on. */
export type MessageToReplica<P extends ReplicaPlan = ReplicaPlan> =
  | StartMessage<P>
  | { readonly type: 'open' }
  | CountsMessage
  | RefreshMessage
  | CertificatesMessage
  | { readonly type: 'ping' }
  /** Is answered by `status` or `stacks` with the same id. */
  | { readonly type: 'askStatus' | 'askStacks'; readonly id: number }
  /** Accept no more connections; answered by `closed` with the same id. */
  | { readonly type: 'close'; readonly id: number }
  | { readonly type: 'retire' }
  | { readonly type: 'stop' }

/** Findings by group. */
export type GroupFindings = Readonly<Record<string, Findings>>

/** Messages of a replica to its parent: `ready` once, `findings` after a change. */
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
  /** What its worker processes serve, or not. Other replicas may tell the same. */
  | { readonly type: 'news'; readonly news: ServiceNews }
  | { readonly type: 'pong' }
  | {
      readonly type: 'status'
      readonly id: number
      readonly status: AppStatus
      readonly exchanges: number
      /** What it has measured; absent without metrics. */
      readonly measured?: MeasuredMetrics | undefined
    }
  /** What it has measured in all; the last message. */
  | { readonly type: 'measured'; readonly measured: MeasuredMetrics }
  | { readonly type: 'stacks'; readonly id: number; readonly workers: readonly WorkerStacks[] }
  | { readonly type: 'closed'; readonly id: number }
  /** A request has found that the file of an application has changed. Other replicas may tell the same. */
  | { readonly type: 'scriptChanged'; readonly path: string }
  /** It has reached a limit, and serves until another one is ready. */
  | { readonly type: 'due'; readonly cause: Cause }
  | { readonly type: 'leaving' }

const TO_REPLICA = new Set([
  'start',
  'open',
  'counts',
  'refresh',
  'certificates',
  'ping',
  'askStatus',
  'askStacks',
  'close',
  'retire',
  'stop',
])
const FROM_REPLICA = new Set([
  'ready',
  'findings',
  'failed',
  'counts',
  'news',
  'pong',
  'status',
  'measured',
  'stacks',
  'closed',
  'scriptChanged',
  'due',
  'leaving',
])

/** Checks only the type, because both ends are the same version of one package. */
export function isMessageToReplica<P extends ReplicaPlan>(
  value: unknown,
): value is MessageToReplica<P> {
  return TO_REPLICA.has(typeOf(value))
}

/** As `isMessageToReplica`; the application in the replica may send other messages. */
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
