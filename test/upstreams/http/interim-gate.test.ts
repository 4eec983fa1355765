import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { InterimGate } from '../../../src/upstreams/http/interim-gate.ts'

/** What comes out of a gate for text that arrives in pieces of given sizes. */
function pass(text: string, sizes: readonly number[]): string {
  const gate = new InterimGate()
  gate.expect()
  const bytes = Buffer.from(text, 'latin1')
  let passed = ''
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const size = sizes[piece % sizes.length] ?? 1
    const chunk = Buffer.from(bytes.subarray(at, at + size))
    gate.take(chunk)
    passed += chunk.toString('latin1')
    at += size
  }
  return passed
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const FINAL = 'HTTP/1.1 200 OK\r\n\r\n'
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })

test('each 100 before a final response becomes a 102, however it arrives', () => {
  const heads = fc.array(fc.constantFrom('100 Continue', '102 Processing', '103 Hints\r\nA: 100'))
  const rest = fc.constantFrom('', CONTINUE, 'HTTP/1.1 100 ')
  fc.assert(
    fc.property(heads, rest, sizes, (interim, body, pieces) => {
      const before = interim.map((head) => `HTTP/1.1 ${head}\r\n\r\n`).join('')
      expect(pass(`${before}${FINAL}${body}`, pieces)).toBe(
        `${before.replaceAll('HTTP/1.1 100', 'HTTP/1.1 102')}${FINAL}${body}`,
      )
    }),
  )
})

test('what follows a switch of protocols is left alone', () => {
  const switched = `${CONTINUE}HTTP/1.1 101 Switching Protocols\r\n\r\n`
  fc.assert(
    fc.property(sizes, (pieces) => {
      const passed = pass(`${switched}012345678100`, pieces)
      expect(passed).toBe(`${switched.replace('100', '102')}012345678100`)
    }),
  )
})

test('any bytes keep their number, and change in no other way', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), sizes, (bytes, pieces) => {
      const text = Buffer.from(bytes).toString('latin1')
      expect(pass(text, pieces)).toHaveLength(text.length)
      expect(pass(text, pieces).replaceAll('2', '0')).toBe(text.replaceAll('2', '0'))
    }),
  )
})

test('nothing is changed before a response is expected', () => {
  const chunk = Buffer.from(CONTINUE)
  new InterimGate().take(chunk)
  expect(chunk.toString()).toBe(CONTINUE)
})
