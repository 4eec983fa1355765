import type { ClientCertificate, TlsFacts } from '../core/tls-facts.ts'
import { CgiName } from './cgi-names.ts'
import { encodeLatin1 } from './percent.ts'
import { escapeBytes, formatName, type DistinguishedName } from './x509/distinguished-name.ts'
import { readClientFacts } from './tls/client-facts.ts'
import { readSessionId } from './tls/session-id.ts'
import { readAnyCertificate } from './x509/any-certificate.ts'
import type { CertificateFacts } from './x509/certificate.ts'
import { parsePem } from './x509/pem.ts'
import { ALGORITHMS } from './tls/algorithm-names.ts'

/** A variable, one character per byte. */
export type SslVariable = readonly [name: CgiName, value: string]

const KNOWN = new WeakMap<TlsFacts, readonly SslVariable[]>()

/** The variables by which mod_ssl tells of a connection, made once for each. */
export function listSslVariables(tls: TlsFacts): readonly SslVariable[] {
  const known = KNOWN.get(tls)
  if (known !== undefined) return known
  const variables = [
    ...resolveNames([...listProtocol(tls), ...listClient(tls)]),
    ...listServer(tls.certificate),
  ]
  KNOWN.set(tls, variables)
  return variables
}

function resolveNames(pairs: readonly Pair[]): SslVariable[] {
  return pairs.map(([name, value]) => [resolveName(name), value])
}

type Pair = readonly [name: string, value: string]

const NAMES = new Map<string, CgiName>()

/** How many there are depends on certificates, so clients must not decide how many are kept. */
const MOST_NAMES = 1024

function resolveName(text: string): CgiName {
  const known = NAMES.get(text)
  if (known !== undefined) return known
  if (NAMES.size >= MOST_NAMES) NAMES.clear()
  const name = new CgiName(text)
  NAMES.set(text, name)
  return name
}

function listProtocol(tls: TlsFacts): Pair[] {
  const { version, cipher, serverName, resumed, client } = tls
  const bits = /256|CHACHA20/.test(cipher.name) ? '256' : '128'
  const session = readSessionId(tls.readSession())
  return [
    ['SSL_PROTOCOL', version],
    ['SSL_CIPHER', cipher.name],
    ['SSL_CIPHER_USEKEYSIZE', bits],
    ['SSL_CIPHER_ALGKEYSIZE', bits],
    ['SSL_CIPHER_EXPORT', 'false'],
    ...(session === '' ? [] : [['SSL_SESSION_ID', session] as const]),
    ['SSL_SESSION_RESUMED', resumed ? 'Resumed' : 'Initial'],
    ...(serverName === '' ? [] : [['SSL_TLS_SNI', serverName] as const]),
    ['SSL_CLIENT_VERIFY', describeVerification(client)],
  ]
}

function describeVerification(client: ClientCertificate | undefined): string {
  if (client === undefined) return 'NONE'
  return client.error === undefined ? 'SUCCESS' : `FAILED:${client.error}`
}

/** Their certificates are the same for many connections. */
const SERVERS = new Map<string, readonly SslVariable[]>()

/** As many as a server may have names; those of older certificates are forgotten. */
const MOST_SERVERS = 1024

function listServer(pem: string): readonly SslVariable[] {
  const known = SERVERS.get(pem)
  if (known !== undefined) return known
  if (SERVERS.size >= MOST_SERVERS) SERVERS.clear()
  const certificate = readAnyCertificate(parsePem(pem))
  const variables = resolveNames(listCertificate('SSL_SERVER', certificate))
  SERVERS.set(pem, variables)
  return variables
}

function listCertificate(prefix: string, certificate: CertificateFacts): Pair[] {
  const { version, serial, from, until, subject, issuer, signature, key } = certificate
  return [
    [`${prefix}_M_VERSION`, String(version)],
    [`${prefix}_M_SERIAL`, serial],
    [`${prefix}_V_START`, formatDate(from)],
    [`${prefix}_V_END`, formatDate(until)],
    ...listName(`${prefix}_S_DN`, subject),
    ...listName(`${prefix}_I_DN`, issuer),
    [`${prefix}_A_SIG`, ALGORITHMS[signature] ?? signature],
    [`${prefix}_A_KEY`, ALGORITHMS[key] ?? key],
  ]
}

/** With it both certificates themselves, which are long. */
function listClient({ client, certificate: server }: TlsFacts): Pair[] {
  if (client === undefined) return []
  const { certificate, chain } = readClientFacts(client)
  const { alternatives } = certificate
  const [own = '', ...others] = chain
  return [
    ...listCertificate('SSL_CLIENT', certificate),
    ['SSL_CLIENT_V_REMAIN', countDays(certificate.until)],
    ['SSL_SERVER_CERT', server],
    ...number('SSL_CLIENT_SAN_DNS', alternatives.dns),
    ...number('SSL_CLIENT_SAN_Email', alternatives.email),
    ['SSL_CLIENT_CERT', own],
    ...number('SSL_CLIENT_CERT_CHAIN', others),
  ]
}

/** The whole name, and its parts; the second one of a kind has the suffix `_1`. */
function listName(prefix: string, name: DistinguishedName): Pair[] {
  const counts = new Map<string, number>()
  const parts = name.flat().flatMap(({ type, value }): Pair[] => {
    const part = PARTS[type]
    if (part === undefined) return []
    const count = counts.get(part) ?? 0
    counts.set(part, count + 1)
    const suffix = count === 0 ? '' : `_${count}`
    return [[`${prefix}_${part}${suffix}`, encodeLatin1(value.replaceAll(UNSEEN, escapeBytes))]]
  })
  return [[prefix, formatName(name, { unicode: false })], ...parts]
}

// eslint-disable-next-line no-control-regex
const UNSEEN = /[\0-\x1f\x7f]/g

function number(prefix: string, values: readonly string[]): Pair[] {
  return values.map((value, index) => [`${prefix}_${index}`, value])
}

/** What mod_ssl calls the parts of a name. */
const PARTS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'S',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'T',
  '2.5.4.13': 'D',
  '2.5.4.42': 'G',
  '2.5.4.43': 'I',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'Email',
}

/** As OpenSSL prints them: `Jan  2 03:04:05 2026 GMT`. */
function formatDate(date: Date): string {
  const [, day = '', month = '', year = '', time = ''] = date.toUTCString().split(' ')
  return `${month} ${String(Number(day)).padStart(2)} ${time} ${year} GMT`
}

const DAY_MS = 86_400_000

function countDays(until: Date): string {
  return String(Math.max(0, Math.floor((until.getTime() - Date.now()) / DAY_MS)))
}
