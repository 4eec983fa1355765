import type { TaipanError } from '../../core/errors.ts'
import type { Handler } from '../../core/exchange.ts'
import type { LimitedLog } from '../../core/limited-log.ts'
import type { Logger } from '../../core/logger.ts'
import type { Http1Limits } from '../../wire/http1/limits.ts'

/** Options for connections of servers in front. */
export interface DoorOptions {
  readonly handler: Handler
  readonly limits: DoorLimits
  readonly logger: Logger
  /** Requests that the front itself refuses. */
  readonly refusals: LimitedLog
}

/** Limits for one connection and its requests. */
export interface DoorLimits extends Http1Limits {
  /** Simultaneous connections. 0: no limit. */
  readonly connections: number
  /** Requests per connection, then it is closed. 0: no limit. */
  readonly requestsPerConnection: number
}

/** Shared by all connections of a protocol. */
export class DoorContext {
  readonly handler: Handler
  readonly limits: DoorLimits
  readonly logger: Logger
  readonly #refusals: LimitedLog
  /** Number of exchanges so far. */
  exchanges = 0
  /** The server is stopping: connections are not reused. */
  stopping = false

  constructor({ handler, limits, logger, refusals }: DoorOptions) {
    this.handler = handler
    this.limits = limits
    this.logger = logger
    this.#refusals = refusals
  }

  /** Logs that the front itself has refused a request. */
  noteRefusal({ code, facts, message }: TaipanError): void {
    this.#refusals.note({ status: facts.status ?? 400, code }, `request refused: ${message}`)
  }

  /** Bytes of all variables of a request: those of its fields and its target, and what the front server adds. */
  get variableBytes(): number {
    const { headerBytes, headerCount, targetBytes } = this.limits
    return headerBytes + headerCount * NAME_BYTES + targetBytes * TARGET_COPIES + OWN_BYTES
  }
}

// A variable is a little longer than the field that it comes from.
const NAME_BYTES = 16
// The target is in REQUEST_URI, SCRIPT_NAME, PATH_INFO, QUERY_STRING and the names of files.
const TARGET_COPIES = 4
const OWN_BYTES = 65_536
