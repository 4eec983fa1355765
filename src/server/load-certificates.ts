import { hkdfSync } from 'node:crypto'
import { hostname } from 'node:os'

import type { Logger } from '../core/logger.ts'
import { GivenCertificates, type Certificates } from '../streams/tls/given-certificates.ts'
import type { FileFeed } from '../streams/tls/file-feed.ts'
import type { TlsMaterial, TlsPolicy } from '../streams/tls/material.ts'
import type { ServerPlan } from './config/resolved.ts'
import type { TlsPlan } from './config/tls-plan.ts'

const TICKET_BYTES = 48

/** Loads the certificates of a plan; undefined: no address speaks https. Rejects with `TLS_UNUSABLE`. */
export async function loadCertificates(
  plan: ServerPlan,
  logger: Logger,
): Promise<Certificates | undefined> {
  const { tls, account } = plan
  if (tls === undefined) return undefined
  const { files: pair, names, ca } = tls
  const policy = createTlsPolicy(tls, plan)
  if (pair === undefined) return new GivenCertificates(await createMaterial())
  const { FiledCertificates } = await import('../streams/tls/filed-certificates.ts')
  const { listPaths } = await import('../streams/tls/read-material.ts')
  const files = { pair, names, ca }
  const paths = listPaths(files)
  const feed = account === undefined ? await watchHere(paths) : await watchAsRoot(paths, logger)
  return await FiledCertificates.load({ files, feed, policy, logger })
}

/** Why clients may refuse the certificates of a plan; empty: nothing. Rejects with `TLS_UNUSABLE`. */
export async function checkCertificates(plan: ServerPlan): Promise<readonly string[]> {
  const { tls } = plan
  if (tls?.files === undefined) return []
  const { readFileTexts } = await import('../streams/tls/file-texts.ts')
  const { listPaths, readMaterial } = await import('../streams/tls/read-material.ts')
  const files = { pair: tls.files, names: tls.names, ca: tls.ca }
  const texts = await readFileTexts(listPaths(files))
  return readMaterial(files, texts, createTlsPolicy(tls, plan)).doubts
}

async function watchHere(paths: readonly string[]): Promise<FileFeed> {
  const { LocalFileFeed } = await import('../streams/tls/file-feed.ts')
  return new LocalFileFeed(paths)
}

/** This process becomes a user who may not be able to read keys. */
async function watchAsRoot(paths: readonly string[], logger: Logger): Promise<FileFeed> {
  const { RootFileFeed } = await import('./root-file-feed.ts')
  return new RootFileFeed(paths, logger)
}

/** For development: a certificate that lives as long as the server. */
async function createMaterial(): Promise<TlsMaterial> {
  const { createSelfSigned } = await import('../wire/x509/self-signed.ts')
  return { pair: createSelfSigned(['localhost', hostname()]), names: {}, ca: '' }
}

/** How handshakes are done; all processes of a server have the same ticket keys. */
export function createTlsPolicy(
  tls: TlsPlan,
  { secret, http }: Pick<ServerPlan, 'secret' | 'http'>,
): TlsPolicy {
  const { clientCertificate, minVersion, ciphers } = tls
  const ticketKeys = Buffer.from(hkdfSync('sha256', secret, '', 'taipan tls tickets', TICKET_BYTES))
  const protocols = http.http2 ? ['h2', 'http/1.1'] : ['http/1.1']
  return { clientCertificate, minVersion, ciphers, protocols, ticketKeys }
}
