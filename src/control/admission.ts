import { createHash, timingSafeEqual } from 'node:crypto'
import type { RequestHead } from '../core/exchange.ts'
import { refuse, type ControlAnswer } from './answer.ts'

/** Who may control the server. */
export interface AdmissionOptions {
  /** What clients must know; undefined: who reaches the address may. */
  readonly token: string | undefined
  /** Clients must call the server by a name of this machine, so that no page can reach it by a name of its own (DNS rebinding). */
  readonly checksHost: boolean
}

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d{1,5})?$/i

/** Lets requests in; an answer is why one may not come in. */
export function createAdmission({
  token,
  checksHost,
}: AdmissionOptions): (request: RequestHead) => ControlAnswer | undefined {
  const wanted = token === undefined ? undefined : digest(`Bearer ${token}`)
  return (request) => {
    if (checksHost && !LOOPBACK.test(request.host))
      return refuse(403, `Host: expected a name of this machine, found "${request.host}"`)
    // Browsers tell where a request comes from; no page has anything to do here.
    if (findField(request, 'origin') !== undefined || isCrossSite(request))
      return refuse(403, 'pages in browsers may not control the server')
    if (wanted === undefined) return undefined
    const given = findField(request, 'authorization')
    if (given !== undefined && timingSafeEqual(digest(normalizeScheme(given)), wanted))
      return undefined
    const message =
      given === undefined
        ? 'a token is needed: Authorization: Bearer TOKEN'
        : 'the token is not that of the server'
    return refuse(401, message, ['WWW-Authenticate', 'Bearer realm="taipan"'])
  }
}

function isCrossSite(request: RequestHead): boolean {
  const site = findField(request, 'sec-fetch-site')
  return site !== undefined && site !== 'none' && site !== 'same-origin'
}

/** Names of schemes are the same in capitals (RFC 9110, 11.1). */
function normalizeScheme(field: string): string {
  return field.replace(/^bearer +/i, 'Bearer ')
}

/** Digests have one length, so comparing them tells nothing of the token. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest()
}

function findField({ fields }: RequestHead, name: string): string | undefined {
  const at = fields.findIndex((one, index) => index % 2 === 0 && one.toLowerCase() === name)
  return at < 0 ? undefined : fields[at + 1]
}
