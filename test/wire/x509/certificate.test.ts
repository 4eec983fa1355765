import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { ClientCertificate, TlsFacts } from '../../../src/core/tls-facts.ts'
import { findCipherId } from '../../../src/wire/tls/cipher-ids.ts'
import { listSslVariables } from '../../../src/wire/ssl-variables.ts'
import { readCertificate } from '../../../src/wire/x509/certificate.ts'
import { formatName } from '../../../src/wire/x509/distinguished-name.ts'
import { Authority } from '../../support/authority.ts'

let authority: Authority

beforeAll(() => {
  authority = new Authority()
})

afterAll(() => authority.dispose())

function ask(pem: string, ...words: string[]): string {
  const text = execFileSync('openssl', ['x509', '-noout', ...words], {
    input: pem,
    encoding: 'utf8',
  })
  return text.replace(/^\w+ ?= ?/, '').trimEnd()
}

function listVariables(client: ClientCertificate | undefined, more: Partial<TlsFacts> = {}) {
  const facts: TlsFacts = {
    version: 'TLSv1.3',
    cipher: { name: 'TLS_AES_256_GCM_SHA384', standardName: 'TLS_AES_256_GCM_SHA384' },
    serverName: 'a.example',
    resumed: false,
    readSession: () => undefined,
    certificate: '',
    client,
    ...more,
  }
  return Object.fromEntries(listSslVariables(facts).map(([name, value]) => [name.text, value]))
}

const SUBJECTS = [
  '/CN=Ada',
  '/C=DE/ST=Hessen/L=Frankfurt/O=Shop, Inc./OU=A/OU=B/CN=Ada Lovelace/emailAddress=ada@shop.example',
  '/O= leading/CN=#hash',
  String.raw`/CN=plus\+semi;less<more>quote"back\\slash`,
  '/O=Bäckerei Größe/CN=Jürgen 🦆',
  '/DC=example/DC=shop/UID=ada/CN=Ada',
]

describe('names', () => {
  test.each(SUBJECTS)('%s is written as OpenSSL writes it', (subject) => {
    const { certificate } = authority.issue({ subject, names: 'email:ada@shop.example' })
    const facts = readCertificate(new X509Certificate(certificate).raw)
    const written = formatName(facts.subject, { unicode: false })
    expect(written).toBe(ask(certificate, '-subject', '-nameopt', 'RFC2253'))
    expect(formatName(facts.subject, { unicode: true })).toBe(
      ask(certificate, '-subject', '-nameopt', 'RFC2253,-esc_msb'),
    )
    expect(formatName(facts.issuer, { unicode: false })).toBe(
      ask(certificate, '-issuer', '-nameopt', 'RFC2253'),
    )
  })

  test('attributes without a name are written by their numbers', () => {
    const name = [[{ type: '1.2.3.4', value: 'x', raw: Buffer.from([0x0c, 0x01, 0x78]) }]]
    expect(formatName(name, { unicode: true })).toBe('1.2.3.4=#0C0178')
  })
})

test('dates and numbers are those of OpenSSL', () => {
  const { certificate } = authority.issue({
    from: '20240102030405Z',
    until: '20510203040506Z',
    serial: 'F0E1D2C3B4A59687',
  })
  const client = { chain: [new X509Certificate(certificate).raw], error: undefined }
  const variables = listVariables(client)
  expect(variables['SSL_CLIENT_V_START']).toBe(ask(certificate, '-startdate'))
  expect(variables['SSL_CLIENT_V_START']).toBe('Jan  2 03:04:05 2024 GMT')
  expect(variables['SSL_CLIENT_V_END']).toBe(ask(certificate, '-enddate'))
  expect(variables['SSL_CLIENT_M_SERIAL']).toBe('F0E1D2C3B4A59687')
  expect(variables['SSL_CLIENT_M_VERSION']).toBe('3')
  expect(variables['SSL_CLIENT_A_SIG']).toBe('ecdsa-with-SHA256')
  expect(variables['SSL_CLIENT_A_KEY']).toBe('id-ecPublicKey')
  expect(Number(variables['SSL_CLIENT_V_REMAIN'])).toBeGreaterThan(8000)
})

test('a verified client is told of in the words of mod_ssl', () => {
  const { certificate } = authority.issue({
    subject: '/C=DE/O=Shop/OU=A/OU=B/CN=Jürgen/emailAddress=j@shop.example',
    names: 'DNS:one.example,DNS:two.example,email:j@shop.example',
  })
  const own = new X509Certificate(certificate)
  const variables = listVariables({ chain: [own.raw, own.raw], error: undefined })
  expect(variables).toMatchObject({
    SSL_PROTOCOL: 'TLSv1.3',
    SSL_CIPHER: 'TLS_AES_256_GCM_SHA384',
    SSL_CIPHER_USEKEYSIZE: '256',
    SSL_TLS_SNI: 'a.example',
    SSL_SESSION_RESUMED: 'Initial',
    SSL_CLIENT_VERIFY: 'SUCCESS',
    SSL_CLIENT_S_DN: String.raw`emailAddress=j@shop.example,CN=J\C3\BCrgen,OU=B,OU=A,O=Shop,C=DE`,
    SSL_CLIENT_S_DN_C: 'DE',
    SSL_CLIENT_S_DN_O: 'Shop',
    SSL_CLIENT_S_DN_OU: 'A',
    SSL_CLIENT_S_DN_OU_1: 'B',
    SSL_CLIENT_S_DN_CN: Buffer.from('Jürgen').toString('latin1'),
    SSL_CLIENT_S_DN_Email: 'j@shop.example',
    SSL_CLIENT_I_DN: 'CN=Test Authority,O=Taipan',
    SSL_CLIENT_I_DN_CN: 'Test Authority',
    SSL_CLIENT_SAN_DNS_0: 'one.example',
    SSL_CLIENT_SAN_DNS_1: 'two.example',
    SSL_CLIENT_SAN_Email_0: 'j@shop.example',
    SSL_CLIENT_CERT: own.toString(),
    SSL_CLIENT_CERT_CHAIN_0: own.toString(),
  })
})

test('the server is told of in the same words, and at length only beside a client', () => {
  const { certificate } = authority.issue({ subject: '/O=Shop/CN=shop.example', serial: 'AB01' })
  const variables = listVariables(undefined, { certificate })
  expect(variables).toMatchObject({
    SSL_SERVER_M_VERSION: '3',
    SSL_SERVER_M_SERIAL: 'AB01',
    SSL_SERVER_S_DN: 'CN=shop.example,O=Shop',
    SSL_SERVER_S_DN_CN: 'shop.example',
    SSL_SERVER_I_DN: 'CN=Test Authority,O=Taipan',
    SSL_SERVER_I_DN_O: 'Taipan',
    SSL_SERVER_V_START: ask(certificate, '-startdate'),
    SSL_SERVER_V_END: ask(certificate, '-enddate'),
    SSL_SERVER_A_SIG: 'ecdsa-with-SHA256',
    SSL_SERVER_A_KEY: 'id-ecPublicKey',
  })
  expect(variables).not.toHaveProperty('SSL_SERVER_CERT')
  const { raw } = new X509Certificate(certificate)
  const client = { chain: [raw], error: undefined }
  expect(listVariables(client, { certificate })).toHaveProperty('SSL_SERVER_CERT', certificate)
})

test('without a certificate, and with one that proves nothing, it is said so', () => {
  const variables = listVariables(undefined, { resumed: true, serverName: '' })
  const ofServer = Object.keys(variables).filter((name) => name.startsWith('SSL_SERVER_'))
  const others = Object.entries(variables).filter(([name]) => !ofServer.includes(name))
  expect(Object.fromEntries(others)).toEqual({
    SSL_PROTOCOL: 'TLSv1.3',
    SSL_CIPHER: 'TLS_AES_256_GCM_SHA384',
    SSL_CIPHER_USEKEYSIZE: '256',
    SSL_CIPHER_ALGKEYSIZE: '256',
    SSL_CIPHER_EXPORT: 'false',
    SSL_SESSION_RESUMED: 'Resumed',
    SSL_CLIENT_VERIFY: 'NONE',
  })
  const { raw } = new X509Certificate(authority.certificate)
  expect(listVariables({ chain: [raw], error: 'CERT_HAS_EXPIRED' })).toMatchObject({
    SSL_CLIENT_VERIFY: 'FAILED:CERT_HAS_EXPIRED',
  })
})

test('what is no certificate says nothing, and breaks nothing', () => {
  const { raw } = new X509Certificate(authority.certificate)
  for (const length of [0, 1, 2, 3, 10, 50, 100, 200, raw.length - 1]) {
    const cut = Buffer.from(raw.subarray(0, length))
    if (length > 3) cut.writeUInt16BE(length - 4, 2)
    const variables = listVariables({ chain: [cut], error: 'UNABLE_TO_VERIFY' })
    expect(variables['SSL_CLIENT_VERIFY']).toBe('FAILED:UNABLE_TO_VERIFY')
  }
  for (let at = 0; at < raw.length; at += 1) {
    const changed = Buffer.from(raw)
    changed[at] = 0xff
    listVariables({ chain: [changed], error: undefined })
  }
})

test('ciphers have the numbers of the registry', () => {
  expect(findCipherId('TLS_AES_128_GCM_SHA256')).toBe(0x13_01)
  expect(findCipherId('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256')).toBe(0xc0_2f)
  expect(findCipherId('TLS_NOBODY_KNOWS')).toBeUndefined()
})
