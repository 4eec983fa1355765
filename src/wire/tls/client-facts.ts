import type { ClientCertificate } from '../../core/tls-facts.ts'
import { readCertificate, type CertificateFacts } from '../x509/certificate.ts'
import { formatPem } from '../x509/pem.ts'

/** A client's certificate as applications see it. */
export interface ClientFacts {
  readonly certificate: CertificateFacts
  /** PEM, its own first. */
  readonly chain: readonly string[]
}

const KNOWN = new WeakMap<ClientCertificate, ClientFacts>()

/** Reads the certificate of a connection, once. */
export function readClientFacts(client: ClientCertificate): ClientFacts {
  const known = KNOWN.get(client)
  if (known !== undefined) return known
  const facts = {
    certificate: read(client.chain[0] ?? new Uint8Array()),
    chain: client.chain.map((one) => formatPem('CERTIFICATE', one)),
  }
  KNOWN.set(client, facts)
  return facts
}

/** Clients choose what stands in certificates; one that cannot be read says nothing. */
function read(der: Uint8Array): CertificateFacts {
  try {
    return readCertificate(der)
  } catch (error) {
    if (error instanceof RangeError) return NOTHING
    throw error
  }
}

const NOTHING: CertificateFacts = {
  version: 0,
  serial: '',
  issuer: [],
  subject: [],
  from: new Date(0),
  until: new Date(0),
  signature: '',
  key: '',
  alternatives: { dns: [], email: [] },
}
