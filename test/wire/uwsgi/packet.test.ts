import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { TaipanError } from '../../../src/core/errors.ts'
import {
  Modifier,
  PACKET_LIMIT,
  PacketDecoder,
  formatPacket,
  type UwsgiPacket,
} from '../../../src/wire/uwsgi/packet.ts'

const CODE = 'REQUEST_MALFORMED'

function decode(chunks: readonly Buffer[]): UwsgiPacket | undefined {
  const decoder = new PacketDecoder(CODE)
  for (const [index, chunk] of chunks.entries()) {
    const packet = decoder.push(chunk)
    if (packet !== undefined)
      return { ...packet, rest: Buffer.concat([packet.rest, ...chunks.slice(index + 1)]) }
  }
  return undefined
}

test('the bytes of a packet are those of the protocol', () => {
  const packet = formatPacket(['A', 'bc'], Modifier.WSGI_MOUNTED)
  expect(packet.toString('hex')).toBe('1e07000001004102006263')
})

test('any division of the bytes gives the same packet', () => {
  const text = fc
    .uint8Array({ maxLength: 300 })
    .map((bytes) => Buffer.from(bytes).toString('latin1'))
  const variables = fc.array(fc.tuple(text, text), { maxLength: 10 }).map((found) => found.flat())
  fc.assert(
    fc.property(variables, fc.uint8Array(), fc.array(fc.nat(30)), (given, body, cuts) => {
      const bytes = Buffer.concat([formatPacket(given, Modifier.WSGI), body])
      const chunks: Buffer[] = []
      let at = 0
      for (const cut of cuts) {
        chunks.push(bytes.subarray(at, at + cut))
        at += cut
      }
      const packet = decode([...chunks, bytes.subarray(at)])
      expect(packet).toEqual({ modifier: 0, variables: given, rest: Buffer.from(body) })
    }),
  )
})

test('variables that do not fit are the fault of the request', () => {
  const fits = ['A', 'x'.repeat(PACKET_LIMIT - 5)]
  expect(decode([formatPacket(fits, 0)])?.variables).toEqual(fits)
  expect(() => formatPacket(['A', 'x'.repeat(PACKET_LIMIT - 4)], 0)).toThrow(
    'the variables of the request take 65536 bytes; the uwsgi protocol has room for 65535',
  )
})

test.each([
  ['the variables end within one', '0001000001'],
  ['the variables end within one', '00030000020041'],
  ['a variable has no value', '00030000010041'],
])('%s: refused', (reason, hex) => {
  expect(() => decode([Buffer.from(hex, 'hex')])).toThrow(reason)
})

test('whatever arrives, only an error of its own is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        decode([Buffer.from([0, bytes.length, 0, 0]), Buffer.from(bytes)])
      } catch (error) {
        expect(error).toBeInstanceOf(TaipanError)
        expect(error).toMatchObject({ code: CODE })
      }
    }),
  )
})
