import { formatOid, readDer, readFirst, type DerValue } from '../der/read.ts'
import { TAG } from '../der/tags.ts'
import { readName, type DistinguishedName } from './distinguished-name.ts'

/** What stands in a certificate. */
export interface CertificateFacts {
  /** 3 as a rule. */
  readonly version: number
  /** Upper-case hexadecimal digits. */
  readonly serial: string
  readonly issuer: DistinguishedName
  readonly subject: DistinguishedName
  readonly from: Date
  readonly until: Date
  /** Types of the algorithms, such as `1.2.840.10045.4.3.2`. */
  readonly signature: string
  readonly key: string
  /** Host names and mail addresses that it is for, too. */
  readonly alternatives: Alternatives
}

/** The names of the extension subjectAltName. */
export interface Alternatives {
  readonly dns: readonly string[]
  readonly email: readonly string[]
}

const VERSION = 0xa0
const EXTENSIONS = 0xa3
const ALTERNATIVES = '2.5.29.17'
const EMAIL = 0x81
const DNS = 0x82

/** Reads a certificate in DER (RFC 5280, 4.1). Throws `RangeError` for what is none. */
export function readCertificate(der: Uint8Array): CertificateFacts {
  const [facts, algorithm] = readDer(readFirst(der).content)
  if (facts === undefined || algorithm === undefined) throw new RangeError('broken certificate')
  const [version, ...rest] = readDer(facts.content)
  const isNamed = version?.tag === VERSION
  const [serial, , issuer, validity, subject, key, ...more] =
    isNamed || version === undefined ? rest : [version, ...rest]
  if (!serial || !issuer || !validity || !subject || !key)
    throw new RangeError('broken certificate')
  const [from, until] = readDer(validity.content).map(readTime)
  return {
    version: isNamed ? (readFirst(version.content).content[0] ?? 0) + 1 : 1,
    serial: formatSerial(serial.content),
    issuer: readName(issuer.content),
    subject: readName(subject.content),
    from: from ?? new Date(0),
    until: until ?? new Date(0),
    signature: readType(algorithm),
    key: readType(readFirst(key.content)),
    alternatives: readAlternatives(more.find(({ tag }) => tag === EXTENSIONS)),
  }
}

/** The type at the beginning of an algorithm. */
function readType({ content }: DerValue): string {
  return formatOid(readFirst(content).content)
}

/** A leading zero only says that the number is positive. */
function formatSerial(content: Buffer): string {
  const bytes = content.length > 1 && content[0] === 0 ? content.subarray(1) : content
  return bytes.toString('hex').toUpperCase()
}

function readTime({ tag, content }: DerValue): Date {
  const digits = content.toString('latin1').replace('Z', '')
  const [year, rest] =
    tag === TAG.UTC_TIME
      ? [expandYear(digits), digits.slice(2)]
      : [digits.slice(0, 4), digits.slice(4)]
  const [month, day, hour, minute, second] = rest.match(/\d\d/g) ?? []
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

/** RFC 5280, 4.1.2.5.1. */
function expandYear(digits: string): string {
  return `${Number(digits.slice(0, 2)) < 50 ? '20' : '19'}${digits.slice(0, 2)}`
}

function readAlternatives(extensions: DerValue | undefined): Alternatives {
  const list = extensions === undefined ? [] : readDer(readFirst(extensions.content).content)
  for (const { content } of list) {
    const parts = readDer(content)
    if (formatOid(parts[0]?.content ?? Buffer.alloc(0)) !== ALTERNATIVES) continue
    const names = readDer(readFirst(parts.at(-1)?.content ?? Buffer.alloc(0)).content)
    const select = (wanted: number): string[] =>
      names.filter(({ tag }) => tag === wanted).map((one) => one.content.toString('latin1'))
    return { dns: select(DNS), email: select(EMAIL) }
  }
  return { dns: [], email: [] }
}
