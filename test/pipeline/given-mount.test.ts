import { expect, test } from 'vitest'

import { takeGivenMount, withoutGivenMount } from '../../src/pipeline/given-mount.ts'
import { createPlainExchange } from '../support/plain-exchange.ts'

test('the mount that a proxy has given takes the place of the one of the route', () => {
  const passed: string[] = []
  const { exchange, match, next } = takeGivenMount(
    {
      exchange: createPlainExchange({ target: '/inner/x?y' }),
      match: { scriptName: '/inner', pathInfo: '/x', restOffset: 6 },
      next: ({ request }) => void passed.push(request.target, request.path),
    },
    '/ä b',
  )
  expect(exchange.request).toMatchObject({ path: '/%E4%20b/x', target: '/%E4%20b/x?y' })
  expect(match).toEqual({ scriptName: '/ä b', pathInfo: '/x', restOffset: 8 })
  next(exchange)
  expect(passed).toEqual(['/inner/x?y', '/inner/x'])
})

test.each([
  [undefined, '/shop/x?y', '/shop/x?y'],
  ['/shop', '/shop/x?y=/shop', '/x?y=/shop'],
  ['/shop', '/shop', '/'],
  ['/shop', '/shopping', '/shopping'],
])('below %s a redirect within the server to %s leads to %s', (givenMount, target, expected) => {
  const exchange = { ...createPlainExchange({ target: '/' }), givenMount }
  expect(withoutGivenMount(exchange, target)).toBe(expected)
})
