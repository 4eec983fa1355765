import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  RegistrationDecoder,
  formatAccepted,
  formatRejected,
  type Refusal,
  type Registration,
} from '../../../src/wire/lrwp/registration.ts'

function register(...chunks: readonly string[]): Registration | Refusal | undefined {
  const decoder = new RegistrationDecoder()
  let found: Registration | Refusal | undefined
  for (const chunk of chunks) found = decoder.push(Buffer.from(chunk, 'latin1'))
  return found
}

function reason(message: string): string | undefined {
  const found = register(message)
  return found !== undefined && 'answer' in found ? found.answer.toString('latin1') : undefined
}

test.each([
  ['calc\xff\xff', { version: 1, name: 'calc', host: '', terminated: false }],
  ['calc\xff\xff\xff', { version: 1, name: 'calc', host: '', terminated: true }],
  [
    '/this/is/a/test\xffwww.example.org\xff\xff',
    { version: 1, name: 'this/is/a/test', host: 'www.example.org', terminated: true },
  ],
  ['.foo\xff\xff', { version: 1, name: '.foo', host: '', terminated: false }],
  [
    '\xff2.0\xffcalc\xffa.example\xff',
    { version: 2, name: 'calc', host: 'a.example', terminated: true },
  ],
])('%j is a registration', (message, expected) => {
  expect(register(message)).toEqual(expected)
  // It may arrive in any pieces.
  expect(register(...message.split(''))).toEqual(expected)
})

test.each(['calc', 'calc\xff', '\xff', '\xff2.0\xffcalc\xff'])('%j is not whole yet', (message) => {
  expect(register(message)).toBeUndefined()
})

test.each([
  ['calc\xff\xff\xffmore', 'ERROR: Malformed startup string'],
  ['calc\xff\xfffilter', 'ERROR: Malformed startup string'],
  ['\xff2.1\xffcalc\xff\xff', 'ERROR: Unknown LRWP version'],
  ['\xfftwo\xffcalc\xff\xff', 'Malformed LRWP2 connection string'],
  ['\xff2.0\xffcalc\xff\xffmore', 'Malformed LRWP2 connection string'],
  [`${'n'.repeat(201)}\xff\xff`, 'ERROR: Registration component too long'],
  [`calc\xff${'h'.repeat(201)}\xff`, 'ERROR: Registration component too long'],
  ['n'.repeat(1025), 'ERROR: Malformed startup string'],
  ['a b\xff\xff', 'ERROR: Malformed startup string'],
  ['/\xff\xff', 'ERROR: Malformed startup string'],
  ['//\xff\xff', 'ERROR: Malformed startup string'],
])('%j is refused with %j', (message, answer) => {
  expect(reason(message)).toBe(answer)
})

test('the answers are those of the protocol', () => {
  expect(formatAccepted(1).toString('latin1')).toBe('OK')
  expect(formatAccepted(2).toString('latin1')).toBe('OK\xff')
  expect(formatRejected(1, 'no').toString('latin1')).toBe('ERROR: no')
  expect(formatRejected(2, 'no').toString('latin1')).toBe('REJECTED\xffERROR: no\xff')
})

test('whatever arrives is a registration, a refusal or not whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 700 })), (chunks) => {
      const decoder = new RegistrationDecoder()
      for (const chunk of chunks) {
        const found = decoder.push(Buffer.from(chunk))
        if (found === undefined) continue
        if ('answer' in found) expect(found.answer.length).toBeGreaterThan(0)
        else expect(found.name).toMatch(/[^/]/)
        return
      }
    }),
  )
})
