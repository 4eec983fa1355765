import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'

import { TaipanError } from '../../core/errors.ts'
import type { FileTexts } from './file-texts.ts'
import type { CertificatePair } from './material.ts'
import { splitCertificates } from './pem.ts'

/** Files of a certificate and its key; both may be in one. */
export interface PairFiles {
  readonly certificate: string
  readonly key: string
  /** The option that names the file of the key, as messages call it. */
  readonly keyOption: string
}

/** A pair whose key is that of its certificate. */
export interface CheckedPair {
  readonly pair: CertificatePair
  /** Its certificates, its own first. */
  readonly chain: readonly X509Certificate[]
}

/** Finds a pair in what was read. Throws `TLS_UNUSABLE` with the file and what is wrong with it. */
export function readPair(files: PairFiles, texts: FileTexts): CheckedPair {
  const certificate = takeText(files.certificate, 'certificate', texts)
  const chain = readCertificates(files.certificate, certificate)
  const key = takeText(files.key, 'key', texts)
  checkKey(files, chain, readKey(files, key))
  return { pair: { certificate, key }, chain }
}

/** The text of a file. Throws `TLS_UNUSABLE` if it could not be read. */
export function takeText(path: string, what: string, texts: FileTexts): string {
  const found = texts[path] ?? { code: 'ENOENT' }
  if ('text' in found) return found.text
  const reason = REASONS[found.code] ?? `it cannot be read (${found.code})`
  throw new TaipanError('TLS_UNUSABLE', `${what} ${path}: ${reason}`)
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  ENOTDIR: 'the file does not exist',
  EACCES: 'this user may not read it; start as one who may, or change its permissions',
  EPERM: 'this user may not read it; start as one who may, or change its permissions',
  EISDIR: 'it is a folder',
  EFBIG: 'it is too large for a certificate or a key',
}

/** All certificates of a file. Throws `TLS_UNUSABLE` if there are none, or one is broken. */
export function readCertificates(path: string, text: string): X509Certificate[] {
  const all = splitCertificates(text)
  if (all.length === 0) throw new TaipanError('TLS_UNUSABLE', describeNone(path, text))
  return all.map((one, index) => {
    try {
      return new X509Certificate(one)
    } catch {
      throw new TaipanError(
        'TLS_UNUSABLE',
        `certificate ${path}: what stands there as certificate ${index + 1} is broken`,
      )
    }
  })
}

function describeNone(path: string, text: string): string {
  if (text.includes('PRIVATE KEY-----'))
    return `certificate ${path}: it has a key, but no certificate; are the two files exchanged?`
  // The tag of a sequence, with which DER begins.
  if (text.startsWith('\x30'))
    return `certificate ${path}: it is not in PEM; convert it by: openssl x509 -inform der -in ${path} -out cert.pem (or openssl pkcs12)`
  return `certificate ${path}: it has no "-----BEGIN CERTIFICATE-----", so it is no certificate in PEM`
}

function readKey({ key: path, keyOption }: PairFiles, text: string): KeyObject {
  if (/BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw new TaipanError(
      'TLS_UNUSABLE',
      `key ${path}: it is encrypted, and nobody is asked for its passphrase; decrypt it by: openssl pkey -in ${path} -out key.pem`,
    )
  if (!text.includes('PRIVATE KEY-----'))
    throw new TaipanError(
      'TLS_UNUSABLE',
      `key ${path}: it has no private key in PEM${text.includes('BEGIN CERTIFICATE') ? `, but a certificate; give the file of the key with ${keyOption}` : ''}`,
    )
  try {
    return createPrivateKey(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TaipanError('TLS_UNUSABLE', `key ${path}: it is broken (${reason})`)
  }
}

function checkKey(files: PairFiles, chain: readonly X509Certificate[], key: KeyObject): void {
  const [own, ...others] = chain
  if (own?.checkPrivateKey(key) === true) return
  const isLater = others.some((one) => one.checkPrivateKey(key))
  throw new TaipanError(
    'TLS_UNUSABLE',
    isLater
      ? `certificate ${files.certificate}: its certificates are in the wrong order; that of the key must be the first`
      : `key ${files.key}: it is not the key of the certificate ${files.certificate}`,
  )
}
