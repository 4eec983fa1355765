import { constants, createHash } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'

import type { CertificatePair, TlsMaterial, TlsPolicy } from './material.ts'
import { splitCertificates } from './pem.ts'
import { ServerNames } from './server-names.ts'

/** OpenSSL would take hours; whoever gets the ticket key reads what was sent by resumed sessions of TLS 1.2. */
const SESSION_SECONDS = 300

/** A pair, ready for handshakes. */
export interface PairContext {
  readonly context: SecureContext
  /** The certificate alone, PEM. */
  readonly certificate: string
}

/** The pairs of all names. */
export interface Contexts {
  /** Options of a context for clients without a known name. */
  readonly options: SecureContextOptions
  /** Its certificate alone, PEM. */
  readonly certificate: string
  readonly names: ServerNames<PairContext>
  /** Clients are asked for a certificate. */
  readonly asksClients: boolean
}

/** Makes the contexts of all names. Throws what OpenSSL says. */
export function createContexts(material: TlsMaterial, policy: TlsPolicy): Contexts {
  const shared = {
    minVersion: policy.minVersion,
    ...(policy.ciphers !== undefined && { ciphers: policy.ciphers }),
    ...(material.ca !== '' && { ca: splitCertificates(material.ca) }),
    // Renegotiation lets a client make the server work.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ticketKeys: policy.ticketKeys,
    sessionTimeout: SESSION_SECONDS,
    // What was proved to other authorities is not proved to these.
    sessionIdContext: hash(`${policy.clientCertificate}\n${material.ca}`),
  } satisfies SecureContextOptions
  const names = Object.entries(material.names).map(([name, pair]) => {
    const context = createSecureContext({ ...shared, ...toOptions(pair) })
    return [name, { context, certificate: takeOwn(pair) }] as const
  })
  return {
    options: { ...shared, ...toOptions(material.pair) },
    certificate: takeOwn(material.pair),
    names: new ServerNames(new Map(names)),
    asksClients: policy.clientCertificate !== 'none',
  }
}

function toOptions({ certificate, key }: CertificatePair): SecureContextOptions {
  return { cert: certificate, key }
}

function takeOwn({ certificate }: CertificatePair): string {
  return splitCertificates(certificate)[0] ?? ''
}

/** At most 32 bytes. */
function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
