import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createResponseHead } from '../../../src/core/response-head.ts'
import { createUpstreamHead } from '../../../src/upstreams/http/response-head.ts'

/** Fields as undici gives them: those in one chunk are views of it, others have bytes of their own. */
function createRaw(fields: readonly Field[]): Buffer[] {
  const text = fields
    .map(({ name, gap, value, end }) => `${name}:${gap}${value}${end}\r\n`)
    .join('')
  const chunk = Buffer.from(`HTTP/1.1 200 OK\r\n${text}\r\n`, 'latin1')
  let at = 'HTTP/1.1 200 OK\r\n'.length
  return fields.flatMap(({ name, gap, value, end, isApart }) => {
    const start = at + name.length + 1 + gap.length
    const nameBytes = chunk.subarray(at, at + name.length)
    const valueBytes = chunk.subarray(start, start + value.length)
    at = start + value.length + end.length + 2
    return [nameBytes, isApart ? Buffer.from(valueBytes) : valueBytes]
  })
}

interface Field {
  readonly name: string
  readonly gap: string
  readonly value: string
  readonly end: string
  readonly isApart: boolean
}

const blank = fc.constantFrom('', ' ', '  ', '\t')
const field: fc.Arbitrary<Field> = fc.record({
  name: fc.constantFrom('Date', 'SERVER', 'X-Name', 'Etag', 'Set-Cookie', 'keep-alive', 'Upgrade'),
  gap: fc.constantFrom(' ', ' ', ' ', '', '\t', '  '),
  value: fc.stringMatching(/^[!-~\xa1-\xff]([ -~\xa1-\xff]{0,20}[!-~\xa1-\xff])?$/),
  end: blank,
  isApart: fc.boolean(),
})

test('a head is the same as one that was made of pairs', () => {
  const extra = fc.constantFrom<readonly string[]>(
    [],
    ['Content-Length', '5'],
    ['Connection', 'close, keep-alive'],
    ['Connection', 'X-Name'],
    ['Transfer-Encoding', 'Chunked'],
  )
  fc.assert(
    fc.property(fc.array(field), extra, (fields, [name, value]) => {
      const more = { gap: ' ', end: '', isApart: false }
      const all = name === undefined ? fields : [...fields, { name, value: value ?? '', ...more }]
      const pairs = all.flatMap((one) => [one.name, one.value])
      const head = createUpstreamHead({ status: 200, reason: 'OK', fields: createRaw(all) })
      expect(head).toMatchObject({ ...createResponseHead(200, pairs), close: false })
      expect(head.fields.text).toBe(createResponseHead(200, pairs).fields.text)
    }),
  )
})

test('a reason is passed on, unless it is the usual one or no text', () => {
  const read = (reason: string): string =>
    createUpstreamHead({ status: 200, reason, fields: [] }).reason
  expect([read('OK'), read('Fine'), read('g\u00fct'), read('a\u0000b')]).toEqual([
    '',
    'Fine',
    '',
    '',
  ])
})
