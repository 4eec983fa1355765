import { readCertificate, type CertificateFacts } from './certificate.ts'

/** Clients choose what stands in certificates; one that cannot be read says nothing. */
export function readAnyCertificate(der: Uint8Array): CertificateFacts {
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
