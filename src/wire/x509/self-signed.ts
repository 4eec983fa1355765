import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

import { TAG } from '../der/tags.ts'
import {
  encodeBits,
  encodeDer,
  encodeOid,
  encodeSequence,
  encodeTime,
  encodeUnsigned,
} from '../der/write.ts'
import { formatPem } from './pem.ts'

/** A certificate that has signed itself, with its key; PEM. */
export interface SelfSigned {
  readonly certificate: string
  readonly key: string
}

const HOUR_MS = 3_600_000
/** Browsers take no longer ones. */
const LIFETIME_MS = 90 * 24 * HOUR_MS
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
/** Tags of names in certificates (RFC 5280, 4.2.1.6). */
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87
const LOOPBACK_4 = Buffer.from([127, 0, 0, 1])
const LOOPBACK_6 = Buffer.from([...Array<number>(15).fill(0), 1])

/** Makes a certificate for host names, and for this machine by its loopback addresses. The first name is that of its owner. */
export function createSelfSigned(names: readonly string[], now = new Date()): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const owner = encodeName(names[0] ?? 'localhost')
  const algorithm = encodeSequence(encodeOid(ECDSA_WITH_SHA256))
  const facts = encodeSequence(
    // Version 3.
    encodeDer(0xa0, encodeUnsigned(Buffer.from([2]))),
    encodeUnsigned(createSerial()),
    algorithm,
    owner,
    encodeSequence(
      encodeTime(new Date(now.getTime() - HOUR_MS)),
      encodeTime(new Date(now.getTime() + LIFETIME_MS)),
    ),
    owner,
    publicKey.export({ type: 'spki', format: 'der' }),
    encodeDer(0xa3, encodeExtensions(names)),
  )
  const whole = encodeSequence(facts, algorithm, encodeBits(sign('sha256', facts, privateKey)))
  return {
    certificate: formatPem('CERTIFICATE', whole),
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  }
}

/** Positive, and with enough chance (RFC 5280, 4.1.2.2). */
function createSerial(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f)
  return bytes
}

/** CN=name. */
function encodeName(name: string): Buffer {
  const text = encodeDer(TAG.UTF8_STRING, Buffer.from(name))
  return encodeSequence(encodeDer(TAG.SET, encodeSequence(encodeOid('2.5.4.3'), text)))
}

function encodeExtensions(names: readonly string[]): Buffer {
  const alternatives = [
    ...names.map((name) => encodeDer(DNS_NAME, Buffer.from(name, 'latin1'))),
    encodeDer(IP_ADDRESS, LOOPBACK_4),
    encodeDer(IP_ADDRESS, LOOPBACK_6),
  ]
  return encodeSequence(
    encodeExtension('2.5.29.17', encodeSequence(...alternatives)),
    // No authority, for signatures, of a server.
    encodeExtension('2.5.29.19', encodeSequence(), true),
    encodeExtension('2.5.29.15', encodeBits(Buffer.from([0x80]), 7), true),
    encodeExtension('2.5.29.37', encodeSequence(encodeOid('1.3.6.1.5.5.7.3.1'))),
  )
}

function encodeExtension(oid: string, value: Uint8Array, critical = false): Buffer {
  const mark = critical ? encodeDer(TAG.BOOLEAN, Buffer.from([0xff])) : Buffer.alloc(0)
  return encodeSequence(encodeOid(oid), mark, encodeDer(TAG.OCTET_STRING, value))
}
