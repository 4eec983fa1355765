import { answerError } from '../core/answer-error.ts'
import type { Front } from '../core/front.ts'
import type { Logger } from '../core/logger.ts'
import type { ListenAddress } from '../streams/listening/addresses.ts'
import { GivenCertificates } from '../streams/tls/given-certificates.ts'
import type { TlsMaterial } from '../streams/tls/material.ts'
import { assembleFronts } from './assemble.ts'
import type { ServerPlan } from './config/resolved.ts'

/** Most clients at the same time. */
const CONNECTIONS = 256
/** Nobody is waited for, in ms. */
const SHORT = { header: 2000, body: 2000, idle: 2000, send: 2000, shutdown: 2000 }

/** What a refusing front is made of. */
export interface RefusingFrontOptions {
  readonly plan: ServerPlan
  readonly addresses: readonly ListenAddress[]
  /** Undefined: no address speaks https. */
  readonly material: TlsMaterial | undefined
  readonly logger: Logger
}

/** A front that answers every request with 503, and disconnects its client. */
export async function createRefusingFront(options: RefusingFrontOptions): Promise<Front> {
  const { plan, addresses, material, logger } = options
  const { limits, timeouts } = plan
  const [front] = await assembleFronts({
    plan: {
      ...plan,
      limits: { ...limits, connections: CONNECTIONS, requestsPerConnection: 1 },
      timeouts: { ...timeouts, ...SHORT },
    },
    loggers: { logger, accessLog: undefined },
    addresses,
    certificates: material && new GivenCertificates(material),
    handler: (exchange) => answerError(exchange, 'OVERLOADED', { fields: ['Retry-After', '5'] }),
    listUrls: () => [],
  })
  if (front === undefined) throw new Error('there is no address to refuse at')
  return front
}
