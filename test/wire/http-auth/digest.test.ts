import { createHash } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { parseAuthParams } from '../../../src/wire/http-auth/auth-params.ts'
import { computeDigest, isDigest, parseDigest } from '../../../src/wire/http-auth/digest.ts'

// The example of RFC 7616, 3.9.1.
const PARAMS = {
  username: '"Mufasa"',
  realm: '"http-auth@example.org"',
  uri: '"/dir/index.html"',
  algorithm: 'MD5',
  nonce: '"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"',
  nc: '00000001',
  cnonce: '"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"',
  qop: 'auth',
  response: '"8ca523f5e9506fed4657c9700eebdbec"',
  opaque: '"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
}
const SHA_RESPONSE = '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'

function write(changes: Record<string, string | undefined> = {}): string {
  const all = Object.entries({ ...PARAMS, ...changes })
  return `Digest ${all
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join(', ')}`
}

function hash(algorithm: string): string {
  return createHash(algorithm).update('Mufasa:http-auth@example.org:Circle of Life').digest('hex')
}

describe('parseDigest', () => {
  test('the example of RFC 7616', () => {
    expect(parseDigest(write())).toEqual({
      user: 'Mufasa',
      realm: 'http-auth@example.org',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      uri: '/dir/index.html',
      response: '8ca523f5e9506fed4657c9700eebdbec',
      algorithm: 'MD5',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
      nc: '00000001',
    })
  })

  test.each([
    ['MD5 when no algorithm is named', { algorithm: undefined }, {}],
    [
      'quotation marks where tokens belong',
      { qop: '"auth"', nc: '"0000000A"' },
      { nc: '0000000A' },
    ],
    ['escaped characters', { cnonce: '"a\\"b\\\\c,"' }, { cnonce: 'a"b\\c,' }],
    ['a name in UTF-8', { username: '"J\xc3\xa4s\xc3\xb8n"' }, { user: 'Jäsøn' }],
    [
      'the extended notation of names',
      { username: undefined, 'username*': "UTF-8''J%C3%A4s%C3%B8n%20Doe" },
      { user: 'Jäsøn Doe' },
    ],
    [
      'responses in capital letters',
      { response: `"${'AB'.repeat(16)}"` },
      { response: 'ab'.repeat(16) },
    ],
  ])('takes %s', (_, changes, expected) => {
    expect(parseDigest(write(changes))).toMatchObject(expected)
  })

  test.each([
    ['no user', { username: undefined }],
    ['an empty user', { username: '""' }],
    ['two notations of the user', { 'username*': "UTF-8''x" }],
    ['a user in another charset', { username: undefined, 'username*': "latin1''x" }],
    ['a user with a line break', { username: undefined, 'username*': "UTF-8''x%0Ay" }],
    ['a hashed user', { userhash: 'true' }],
    ['no qop', { qop: undefined }],
    ['integrity of the body', { qop: 'auth-int' }],
    ['an unknown algorithm', { algorithm: 'SHA-512-256' }],
    ['algorithms of sessions', { algorithm: 'MD5-sess' }],
    ['no count', { nc: undefined }],
    ['a short count', { nc: '1' }],
    ['a count with letters', { nc: '0000000g' }],
    ['no cnonce', { cnonce: '""' }],
    ['a response of another length', { response: `"${SHA_RESPONSE}"` }],
    ['a response of other characters', { response: `"${'x'.repeat(32)}"` }],
    ['a quotation mark that is not closed', { opaque: '"a' }],
    ['a value without its mark', { opaque: 'a b' }],
    ['20,000 characters', { opaque: `"${'x'.repeat(20_000)}"` }],
  ])('refuses %s', (_, changes) => {
    expect(parseDigest(write(changes))).toBeUndefined()
  })

  test('refuses other schemes, two fields in one, and a parameter that is given twice', () => {
    expect(parseDigest(write().replace('Digest', 'Basic'))).toBeUndefined()
    expect(parseDigest(`${write()}, ${write()}`)).toBeUndefined()
    expect(parseDigest(`${write()}, NC=00000002`)).toBeUndefined()
    expect(parseDigest('Digest')).toBeUndefined()
    expect(parseDigest('Digest ')).toBeUndefined()
  })
})

test('the responses of RFC 7616', () => {
  const md5 = parseDigest(write())
  const sha = parseDigest(write({ algorithm: 'SHA-256', response: `"${SHA_RESPONSE}"` }))
  if (md5 === undefined || sha === undefined) throw new Error('not parsed')
  expect(computeDigest(hash('md5'), 'GET', md5)).toBe(md5.response)
  expect(computeDigest(hash('sha256'), 'GET', sha)).toBe(sha.response)
  expect(computeDigest(hash('md5'), 'POST', md5)).not.toBe(md5.response)
})

test('empty list members and white space are no matter', () => {
  expect(parseAuthParams(', a = 1,,\tb="", ')).toEqual(
    new Map([
      ['a', '1'],
      ['b', ''],
    ]),
  )
})

test('a hash has the length of its algorithm', () => {
  expect(isDigest('0'.repeat(32), 'MD5')).toBe(true)
  expect(isDigest('0'.repeat(64), 'MD5')).toBe(false)
  expect(isDigest('g'.repeat(64), 'SHA-256')).toBe(false)
})
