import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { TaipanError } from '../../../src/core/errors.ts'
import { formatChallenge, formatProof, isProof } from '../../../src/wire/lrwp/challenge.ts'
import { formatRequestHead } from '../../../src/wire/lrwp/request.ts'
import { ResponseDecoder } from '../../../src/wire/lrwp/response-decoder.ts'

test('the bytes of a request are those of the protocol', () => {
  const head = formatRequestHead(['REQUEST_METHOD', 'POST', 'EMPTY', ''], 5)
  expect(head.toString('latin1')).toBe('000000028REQUEST_METHOD=POST\0EMPTY=\0\x00000000005')
  expect(formatRequestHead([], 0).toString('latin1')).toBe('000000001\x00000000000')
})

test('what nine digits cannot tell is refused', () => {
  expect(() => formatRequestHead([], 1_000_000_000)).toThrow('a body of 1000000000 bytes')
})

test('a response is taken to pieces as it arrives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(40)), (output, cuts) => {
      const digits = String(output.length).padStart(9, '0')
      const bytes = Buffer.concat([Buffer.from(digits), output])
      const decoder = new ResponseDecoder()
      const found: Buffer[] = []
      let at = 0
      for (const cut of [...cuts, bytes.length]) {
        found.push(decoder.push(bytes.subarray(at, at + cut)))
        at = Math.min(at + cut, bytes.length)
        expect(decoder.done).toBe(at === bytes.length)
      }
      expect(Buffer.concat(found)).toEqual(Buffer.from(output))
    }),
  )
})

test.each([
  ['the response of the peer begins with no length', ['HTTP/1.1 200 OK']],
  ['the response of the peer begins with no length', ['-00000001x']],
  ['the peer has sent more than its response', ['000000002abc']],
  ['the peer has sent more than its response', ['000000000', 'x']],
])('%s', (reason, chunks) => {
  const decoder = new ResponseDecoder()
  const push = () => chunks.map((chunk) => decoder.push(Buffer.from(chunk)))
  expect(push).toThrow(TaipanError)
  expect(() => new ResponseDecoder().push(Buffer.from(chunks.join('')))).toThrow(reason)
})

test('a passphrase is proved by the challenge', () => {
  const challenge = Buffer.from('0123456789abcdef0123456789abcdef')
  expect(formatChallenge(challenge).toString('latin1')).toBe(
    `CHALLENGE\xff000000032${challenge.toString()}`,
  )
  const proof = formatProof(challenge, 'key')
  expect(proof.subarray(0, 13).toString('hex')).toBe(
    `${Buffer.from('000000032').toString('hex')}5b544b58`,
  )
  expect(isProof(proof, challenge, 'key')).toBe(true)
  for (const wrong of [proof.subarray(1), Buffer.concat([proof, proof]), Buffer.alloc(41)])
    expect(isProof(wrong, challenge, 'key')).toBe(false)
  expect(isProof(proof, challenge, 'other')).toBe(false)
})
