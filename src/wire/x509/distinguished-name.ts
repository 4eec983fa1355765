import { formatOid, readDer, type DerValue } from '../der/read.ts'
import { TAG } from '../der/tags.ts'
import { encodeDer } from '../der/write.ts'

/** One attribute of a name. */
export interface NameAttribute {
  /** Such as `2.5.4.3`. */
  readonly type: string
  /** Any characters. */
  readonly value: string
  /** The value in DER. */
  readonly raw: Buffer
}

/** Whom a certificate is for, or from, in its order; mostly one attribute in each place. */
export type DistinguishedName = readonly (readonly NameAttribute[])[]

/** Reads the content of a Name (RFC 5280, 4.1.2.4). Throws `RangeError` for what is no DER. */
export function readName(content: Uint8Array): DistinguishedName {
  return readDer(content).map((set) => readDer(set.content).map(readAttribute))
}

/** How a name is written. */
export interface NameForm {
  /** Characters that are no ASCII stand as they are, not as bytes. */
  readonly unicode: boolean
}

/** A name as text, the last attribute first (RFC 4514, 2); with bytes for what is no ASCII it is that of mod_ssl and OpenSSL (RFC 2253). */
export function formatName(name: DistinguishedName, form: NameForm): string {
  return name
    .toReversed()
    .map((set) =>
      set
        .toReversed()
        .map((one) => formatAttribute(one, form))
        .join('+'),
    )
    .join(',')
}

function readAttribute({ content }: DerValue): NameAttribute {
  const [type, value] = readDer(content)
  if (type === undefined || value === undefined) throw new RangeError('broken name')
  return {
    type: formatOid(type.content),
    value: decodeText(value),
    raw: encodeDer(value.tag, value.content),
  }
}

function decodeText({ tag, content }: DerValue): string {
  if (tag === TAG.UTF8_STRING) return content.toString('utf8')
  if (tag === TAG.BMP_STRING) return Buffer.from(content).swap16().toString('utf16le')
  if (tag !== TAG.UNIVERSAL_STRING) return content.toString('latin1')
  const points = Array.from({ length: content.length >> 2 }, (_, at) =>
    content.readUInt32BE(at * 4),
  )
  return String.fromCodePoint(...points)
}

function formatAttribute({ type, value, raw }: NameAttribute, { unicode }: NameForm): string {
  const name = NAMES[type]
  // RFC 4514, 2.4: what has no name has no text either.
  if (name === undefined) return `${type}=#${raw.toString('hex').toUpperCase()}`
  return `${name}=${escape(value, unicode)}`
}

const SPECIAL = /["+,;<>\\]/g
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\0-\x1f\x7f]/g
const NOT_ASCII = /[^\0-\x7f]/gu

function escape(value: string, unicode: boolean): string {
  const text = value
    .replaceAll(SPECIAL, String.raw`\$&`)
    .replace(/^[ #]/, String.raw`\$&`)
    .replace(/(?<!^) $/, String.raw`\ `)
    .replaceAll(UNSEEN, escapeBytes)
  return unicode ? text : text.replaceAll(NOT_ASCII, escapeBytes)
}

/** Control characters, and with OpenSSL all that is no ASCII, as the bytes of UTF-8. */
export function escapeBytes(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
}

/** The types that OpenSSL has short names for, by which mod_ssl and Python's cryptography call them, too. */
const NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.15': 'businessCategory',
  '2.5.4.17': 'postalCode',
  '2.5.4.41': 'name',
  '2.5.4.42': 'GN',
  '2.5.4.43': 'initials',
  '2.5.4.44': 'generationQualifier',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.65': 'pseudonym',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
}
