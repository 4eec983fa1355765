import { expect, test } from 'vitest'

import { withHttpsRedirect } from '../../src/pipeline/https-redirect.ts'
import { createPlainExchange, type PlainRequest } from '../support/plain-exchange.ts'

/** Where a request is sent; undefined if it is answered. */
function findPlace(request: PlainRequest, port?: number): string | undefined {
  const exchange = createPlainExchange(request)
  let answered = false
  withHttpsRedirect(() => (answered = true), port === undefined ? undefined : () => port)(exchange)
  const { head } = exchange.answer
  expect(answered).toBe(head === undefined)
  if (head === undefined) return undefined
  expect(head.status).toBe(308)
  return /^Location: (.*)\r$/m.exec(head.fields.text)?.[1]
}

test.each([
  [{ target: '/a?b=c', host: 'a.test:8000' }, undefined, 'https://a.test/a?b=c'],
  [{ target: '/a', host: 'a.test' }, 8443, 'https://a.test:8443/a'],
  [{ target: '/a', host: '[::1]:80' }, 443, 'https://[::1]/a'],
  // No path of its own.
  [{ method: 'OPTIONS', target: '*' }, undefined, 'https://a.test/'],
  [{ target: '/a"<é' }, undefined, 'https://a.test/a%22%3C%E9'],
  // What is no name is not repeated.
  [
    { host: 'a.test/evil@', connection: { localAddress: '192.0.2.1' } },
    undefined,
    'https://192.0.2.1/',
  ],
  [{ host: '', connection: { localAddress: '2001:db8::1' } }, 8443, 'https://[2001:db8::1]:8443/'],
  [{ host: '', connection: { localAddress: '' } }, undefined, 'https://localhost/'],
])('%j and port %s lead to %s', (request, port, place) => {
  expect(findPlace(request, port)).toBe(place)
})

test('what came with TLS is answered', () => {
  expect(findPlace({ connection: { scheme: 'https' } })).toBeUndefined()
})
