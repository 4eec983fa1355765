import type { TlsFacts } from '../core/tls-facts.ts'
import { encodeKey, MarshalWriter } from './marshal.ts'
import { formatName } from './x509/distinguished-name.ts'
import { findCipherId } from './tls/cipher-ids.ts'
import { readClientFacts } from './tls/client-facts.ts'

const VERSIONS: Readonly<Record<TlsFacts['version'], number>> = {
  'TLSv1.2': 0x03_03,
  'TLSv1.3': 0x03_04,
}
const EXTENSION = encodeKey('tls')
const SERVER_CERT = encodeKey('server_cert')
const CHAIN = encodeKey('client_cert_chain')
const NAME = encodeKey('client_cert_name')
const ERROR = encodeKey('client_cert_error')
const VERSION = encodeKey('tls_version')
const CIPHER = encodeKey('cipher_suite')

const KNOWN = new WeakMap<TlsFacts, Uint8Array>()

/** Writes the entry `tls` of the extensions of an ASGI scope, which is encoded once for each connection. */
export function writeTlsExtension(tls: TlsFacts, writer: MarshalWriter): void {
  let encoded = KNOWN.get(tls)
  if (encoded === undefined) {
    encoded = encodeExtension(tls)
    KNOWN.set(tls, encoded)
  }
  writer.raw(encoded)
}

function encodeExtension({ version, cipher, certificate, client }: TlsFacts): Uint8Array {
  const writer = new MarshalWriter()
  const facts = client && readClientFacts(client)
  writer.encoded(EXTENSION)
  writer.dict()
  writer.encoded(SERVER_CERT)
  writer.text(certificate)
  writer.encoded(CHAIN)
  writer.tuple(facts?.chain.length ?? 0)
  for (const one of facts?.chain ?? []) writer.text(one)
  writer.encoded(NAME)
  writeOptional(facts && formatName(facts.certificate.subject, { unicode: true }), writer)
  writer.encoded(ERROR)
  writeOptional(client?.error, writer)
  writer.encoded(VERSION)
  writer.int(VERSIONS[version])
  writer.encoded(CIPHER)
  const id = findCipherId(cipher.standardName)
  if (id === undefined) writer.none()
  else writer.int(id)
  writer.endDict()
  return Uint8Array.from(writer.view())
}

function writeOptional(text: string | undefined, writer: MarshalWriter): void {
  if (text === undefined) writer.none()
  else writer.unicode(text)
}
