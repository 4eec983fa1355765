import type { X509Certificate } from 'node:crypto'

/** A certificate that is used, as it is meant. */
export interface UsedCertificate {
  readonly file: string
  /** Its certificates, its own first. */
  readonly chain: readonly X509Certificate[]
  /** Host name that it is configured for, which may begin with `*.`; undefined: no one. */
  readonly name: string | undefined
}

/** Why clients may refuse a certificate that can be used; one sentence each. `now` is in ms. */
export function listDoubts({ file, chain, name }: UsedCertificate, now: number): string[] {
  const [own] = chain
  if (own === undefined) return []
  const doubts: string[] = []
  if (now > Date.parse(own.validTo))
    doubts.push(`certificate ${file}: it has expired (${own.validTo}), and clients refuse it`)
  if (now < Date.parse(own.validFrom))
    doubts.push(
      `certificate ${file}: it is not valid before ${own.validFrom}, and clients refuse it`,
    )
  if (name !== undefined && own.checkHost(name.replace(/^\*/, 'any')) === undefined)
    doubts.push(`certificate ${file}: it is not for ${name}, and clients refuse it there`)
  if (lacksIssuer(chain))
    doubts.push(
      `certificate ${file}: the certificates that lead to its authority are missing; append them, as in the fullchain.pem of ACME clients`,
    )
  return doubts
}

/** Public authorities sign by certificates in between, and say where these are found (RFC 5280, 4.2.2.1). */
function lacksIssuer(chain: readonly X509Certificate[]): boolean {
  const [own, ...others] = chain
  return others.length === 0 && own?.infoAccess?.includes('CA Issuers') === true
}
