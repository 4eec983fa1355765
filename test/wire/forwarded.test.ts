import { describe, expect, test } from 'vitest'

import { parseForwarded } from '../../src/wire/forwarded.ts'
import { parseNode } from '../../src/wire/forwarded-node.ts'

describe('Forwarded', () => {
  test.each([
    ['for=192.0.2.43', [{ for: '192.0.2.43' }]],
    [
      'For="[2001:db8:cafe::17]:4711";Proto=HTTPS; host="a.example:81"',
      [{ for: '[2001:db8:cafe::17]:4711', proto: 'HTTPS', host: 'a.example:81' }],
    ],
    [
      'for=1.2.3.4, for=unknown ,for=_x;by=_y',
      [{ for: '1.2.3.4' }, { for: 'unknown' }, { for: '_x', by: '_y' }],
    ],
    ['for="a, b; c=\\"d\\""', [{ for: 'a, b; c="d"' }]],
    [', ,for=1.2.3.4,', [{ for: '1.2.3.4' }]],
    ['for=1.2.3.4:81', [{ for: '1.2.3.4:81' }]],
    ['', []],
  ])('%s', (value, elements) => {
    expect(parseForwarded(value)?.map(({ parameters }) => Object.fromEntries(parameters))).toEqual(
      elements,
    )
  })

  test('elements keep their text', () => {
    const texts = parseForwarded('for=1.2.3.4 , for="x,y"; proto=http')?.map(({ text }) => text)
    expect(texts).toEqual(['for=1.2.3.4', 'for="x,y"; proto=http'])
  })

  test.each(['for', 'for=', 'for="x', 'for=a b', 'for=1;for=2', '=x', 'for=a/b', 'for=1 proto=x'])(
    '%s is broken',
    (value) => {
      expect(parseForwarded(value)).toBeUndefined()
    },
  )
})

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:999', '203.0.113.7'],
  ['203.0.113.7:_secret', '203.0.113.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
  ['[2001:DB8::7]:999', '2001:db8::7'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['unknown', undefined],
  ['_hidden', undefined],
  ['[203.0.113.7]', undefined],
  ['203.0.113.7:', undefined],
  ['203.0.113.7:x', undefined],
  ['203.0.113.7, 10.0.0.1', undefined],
  ['[::1', undefined],
  ['', undefined],
])('the node %s is %s', (text, address) => {
  expect(parseNode(text)).toBe(address)
})
