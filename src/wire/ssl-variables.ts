import type { ClientCertificate, TlsFacts } from '../core/tls-facts.ts'
import { CgiName } from './cgi-names.ts'
import { encodeLatin1 } from './percent.ts'
import { escapeBytes, formatName, type DistinguishedName } from './x509/distinguished-name.ts'
import { readClientFacts } from './tls/client-facts.ts'
import { ALGORITHMS } from './tls/algorithm-names.ts'

/** A variable, one character per byte. */
export type SslVariable = readonly [name: CgiName, value: string]

const KNOWN = new WeakMap<TlsFacts, readonly SslVariable[]>()

/** The variables by which mod_ssl tells of a connection, made once for each. */
export function listSslVariables(tls: TlsFacts): readonly SslVariable[] {
  const known = KNOWN.get(tls)
  if (known !== undefined) return known
  const variables = [...listProtocol(tls), ...listClient(tls.client)].map(
    ([name, value]) => [resolveName(name), value] as const,
  )
  KNOWN.set(tls, variables)
  return variables
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

function listProtocol({ version, cipher, serverName, resumed, client }: TlsFacts): Pair[] {
  const bits = /256|CHACHA20/.test(cipher.name) ? '256' : '128'
  return [
    ['SSL_PROTOCOL', version],
    ['SSL_CIPHER', cipher.name],
    ['SSL_CIPHER_USEKEYSIZE', bits],
    ['SSL_CIPHER_ALGKEYSIZE', bits],
    ['SSL_SESSION_RESUMED', resumed ? 'Resumed' : 'Initial'],
    ...(serverName === '' ? [] : [['SSL_TLS_SNI', serverName] as const]),
    ['SSL_CLIENT_VERIFY', describeVerification(client)],
  ]
}

function describeVerification(client: ClientCertificate | undefined): string {
  if (client === undefined) return 'NONE'
  return client.error === undefined ? 'SUCCESS' : `FAILED:${client.error}`
}

function listClient(client: ClientCertificate | undefined): Pair[] {
  if (client === undefined) return []
  const { certificate, chain } = readClientFacts(client)
  const { subject, issuer, alternatives } = certificate
  const [own = '', ...others] = chain
  return [
    ['SSL_CLIENT_M_VERSION', String(certificate.version)],
    ['SSL_CLIENT_M_SERIAL', certificate.serial],
    ['SSL_CLIENT_V_START', formatDate(certificate.from)],
    ['SSL_CLIENT_V_END', formatDate(certificate.until)],
    ['SSL_CLIENT_V_REMAIN', countDays(certificate.until)],
    ...listName('SSL_CLIENT_S_DN', subject),
    ...listName('SSL_CLIENT_I_DN', issuer),
    ['SSL_CLIENT_A_SIG', ALGORITHMS[certificate.signature] ?? certificate.signature],
    ['SSL_CLIENT_A_KEY', ALGORITHMS[certificate.key] ?? certificate.key],
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
