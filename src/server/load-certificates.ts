import { hkdfSync } from 'node:crypto'
import { hostname } from 'node:os'

import type { Logger } from '../core/logger.ts'
import { GivenCertificates, type Certificates } from '../streams/tls/given-certificates.ts'
import type { TlsMaterial, TlsPolicy } from '../streams/tls/material.ts'
import type { ServerPlan } from './config/resolved.ts'
import type { TlsPlan } from './config/tls-plan.ts'

const TICKET_BYTES = 48

/** Loads the certificates of a plan; undefined: no address speaks https. Rejects with `TLS_UNUSABLE`. */
export async function loadCertificates(
  { tls, secret }: ServerPlan,
  logger: Logger,
): Promise<Certificates | undefined> {
  if (tls === undefined) return undefined
  const { files: pair, names, ca } = tls
  const policy = createTlsPolicy(tls, secret)
  if (pair === undefined) return new GivenCertificates(await createMaterial())
  const { FiledCertificates } = await import('../streams/tls/filed-certificates.ts')
  const { LocalFileFeed } = await import('../streams/tls/file-feed.ts')
  const { listPaths } = await import('../streams/tls/read-material.ts')
  const files = { pair, names, ca }
  const feed = new LocalFileFeed(listPaths(files))
  return await FiledCertificates.load({ files, feed, policy, logger })
}

/** For development: a certificate that lives as long as the server. */
async function createMaterial(): Promise<TlsMaterial> {
  const { createSelfSigned } = await import('../wire/x509/self-signed.ts')
  return { pair: createSelfSigned(['localhost', hostname()]), names: {}, ca: '' }
}

/** How handshakes are done; all processes of a server have the same ticket keys. */
export function createTlsPolicy(tls: TlsPlan, secret: string): TlsPolicy {
  const { clientCertificate, minVersion, ciphers } = tls
  const ticketKeys = Buffer.from(hkdfSync('sha256', secret, '', 'taipan tls tickets', TICKET_BYTES))
  return { clientCertificate, minVersion, ciphers, protocols: ['http/1.1'], ticketKeys }
}
