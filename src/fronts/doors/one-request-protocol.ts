import type { ByteStream } from '../../core/byte-stream.ts'
import type { FormatHead } from '../../wire/cgi-head.ts'
import type { FrontProtocol } from '../listening/front-protocol.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import { DoorContext, type DoorOptions } from './door-context.ts'
import { OneRequestConnection, type HeadDecoder } from './one-request-connection.ts'
import { formatUnavailable } from './refusal.ts'

/** What distinguishes the protocols that have one request for each connection. */
export interface OneRequestPlan {
  readonly formatHead: FormatHead
  /** Makes a decoder of heads with at most so many bytes. */
  readonly createDecoder: (variableBytes: number) => HeadDecoder
}

/** Makes a protocol that has one request for each connection. */
export function createOneRequestModule(plan: OneRequestPlan): {
  create(options: DoorOptions): FrontProtocol
  formatUnavailable(text: string): string
} {
  return {
    create: (options) => new OneRequestProtocol(options, plan),
    formatUnavailable: (text) => formatUnavailable(text, plan.formatHead),
  }
}

class OneRequestProtocol extends DoorContext implements FrontProtocol {
  readonly #plan: OneRequestPlan

  constructor(options: DoorOptions, plan: OneRequestPlan) {
    super(options)
    this.#plan = plan
  }

  connect(stream: ByteStream): FrontConnection {
    const { formatHead, createDecoder } = this.#plan
    const decoder = createDecoder(this.variableBytes)
    return new OneRequestConnection(stream, this, { formatHead, decoder })
  }
}
