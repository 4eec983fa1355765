import type { ClientCertificate } from '../../core/tls-facts.ts'
import { readAnyCertificate } from '../x509/any-certificate.ts'
import type { CertificateFacts } from '../x509/certificate.ts'
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
    certificate: readAnyCertificate(client.chain[0] ?? new Uint8Array()),
    chain: client.chain.map((one) => formatPem('CERTIFICATE', one)),
  }
  KNOWN.set(client, facts)
  return facts
}
