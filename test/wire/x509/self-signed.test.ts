import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'

import { expect, test } from 'vitest'

import { createSelfSigned } from '../../../src/wire/x509/self-signed.ts'

const NOW = new Date('2026-03-04T05:06:07.890Z')

test('the certificate is one of its key, for its names and this machine', () => {
  const { certificate, key } = createSelfSigned(['localhost', 'dev.example'], NOW)
  const read = new X509Certificate(certificate)
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true)
  expect(read.verify(read.publicKey)).toBe(true)
  expect(read.checkHost('localhost')).toBe('localhost')
  expect(read.checkHost('dev.example')).toBe('dev.example')
  expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(read.checkIP('::1')).toBeDefined()
  expect(read.ca).toBe(false)
  expect(read.validFrom).toBe('Mar  4 04:06:07 2026 GMT')
  expect(read.validTo).toBe('Jun  2 05:06:07 2026 GMT')
})

test('openssl reads every part of it', () => {
  const { certificate } = createSelfSigned(['localhost'], NOW)
  const text = execFileSync('openssl', ['x509', '-noout', '-text'], {
    input: certificate,
    encoding: 'utf8',
  })
  for (const part of ['Version: 3', 'CN = localhost', 'CA:FALSE', 'Digital Signature'])
    expect(text).toContain(part)
  expect(text).toContain('TLS Web Server Authentication')
  expect(text).toContain('Not After : Jun  2 05:06:07 2026 GMT')
})

test('two certificates have different keys and numbers', () => {
  const [first, second] = [createSelfSigned(['localhost']), createSelfSigned(['localhost'])]
  expect(first.key).not.toBe(second.key)
  expect(new X509Certificate(first.certificate).serialNumber).not.toBe(
    new X509Certificate(second.certificate).serialNumber,
  )
})

test('dates beyond 2049 have four digits of their year', () => {
  const { certificate } = createSelfSigned(['localhost'], new Date('2049-12-01T00:00:00Z'))
  expect(new X509Certificate(certificate).validTo).toBe('Mar  1 00:00:00 2050 GMT')
})
