import { expect, test } from 'vitest'

import {
  ProtocolStatus,
  Role,
  formatBegin,
  formatEnd,
  formatUnknownType,
  parseBegin,
  parseEnd,
} from '../../../src/wire/fastcgi/bodies.ts'

const CODE = 'UPSTREAM_FAILED'

test('the bytes of bodies are those of the specification', () => {
  expect(formatBegin({ role: Role.FILTER, keepsConnection: true }).toString('hex')).toBe(
    '0003010000000000',
  )
  const end = { appStatus: 0xff_ff_ff_fe, protocolStatus: ProtocolStatus.OVERLOADED }
  expect(formatEnd(end).toString('hex')).toBe('fffffffe02000000')
  expect(formatUnknownType(42).toString('hex')).toBe('2a00000000000000')
})

test('bodies are the same after both ways', () => {
  for (const keepsConnection of [true, false]) {
    const begin = { role: Role.AUTHORIZER, keepsConnection }
    expect(parseBegin(formatBegin(begin), CODE)).toEqual(begin)
  }
  const end = { appStatus: 3, protocolStatus: ProtocolStatus.CANNOT_MULTIPLEX }
  expect(parseEnd(formatEnd(end), CODE)).toEqual(end)
})

test('bodies that are too short are refused', () => {
  expect(() => parseBegin(Buffer.alloc(7), CODE)).toThrow(
    'a FastCGI BEGIN_REQUEST has 7 bytes of content; it has 8',
  )
  expect(() => parseEnd(Buffer.alloc(0), CODE)).toThrow('END_REQUEST has 0 bytes')
})
