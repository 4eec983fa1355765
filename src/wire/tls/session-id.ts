import { readDer, readFirst } from '../der/read.ts'

/** Place of the id in a session, after two versions and the cipher. */
const ID = 3

/** The id of a session as OpenSSL keeps it (`i2d_SSL_SESSION`), in hexadecimal digits; empty where it has none. */
export function readSessionId(session: Uint8Array | undefined): string {
  if (session === undefined) return ''
  return readDer(readFirst(session).content)[ID]?.content.toString('hex') ?? ''
}
