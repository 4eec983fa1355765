import { describe, expect, test } from 'vitest'

import type { Exchange } from '../../src/core/exchange.ts'
import { createPipeline } from '../../src/pipeline/pipeline.ts'
import type { RouteMatch } from '../../src/pipeline/route-path.ts'
import { createPlainExchange } from '../support/plain-exchange.ts'

interface Seen {
  readonly exchange: Exchange
  readonly match: RouteMatch
}

/** What the application of a route sees; undefined after an answer of the pipeline itself. */
function see(target: string, given: { rootPath?: string; path?: string } = {}): Seen | undefined {
  const { rootPath = '/api', path = rootPath } = given
  let seen: Seen | undefined
  const routes = [
    { path, answer: (exchange: Exchange, match: RouteMatch) => (seen = { exchange, match }) },
  ]
  createPipeline({ routes, rootPath })(createPlainExchange({ target }))
  return seen
}

describe('a prefix that a proxy has taken away', () => {
  test.each([
    ['/x?y=/z', '/api/x', '/api/x?y=/z', '/x'],
    ['/', '/api/', '/api/', '/'],
    // Who sends it twice means it twice.
    ['/api/x', '/api/api/x', '/api/api/x', '/api/x'],
    ['/a%2Fb', '/api/a%2Fb', '/api/a%2Fb', '/a/b'],
  ])('is before the path again: %s', (target, path, whole, pathInfo) => {
    const { exchange, match } = see(target) ?? {}
    expect(exchange?.request).toMatchObject({ path, target: whole })
    expect(match).toMatchObject({ scriptName: '/api', pathInfo, restOffset: 4 })
  })

  test('is encoded as in a request, however it is written', () => {
    for (const rootPath of ['/ä b', '/%C3%A4%20b', '/%c3%a4%20b/']) {
      const { exchange, match } = see('/x', { rootPath }) ?? {}
      expect(exchange?.request.path).toBe('/%C3%A4%20b/x')
      expect(match).toMatchObject({ scriptName: '/Ã¤ b', pathInfo: '/x' })
    }
  })

  test('is seen by a route that is not below it', () => {
    expect(see('/x', { path: '/' })?.match).toMatchObject({ scriptName: '', pathInfo: '/api/x' })
  })

  test('cannot be left', () => {
    expect(see('/../x', { path: '/' })).toBeUndefined()
    expect(see('/%2e%2e/x', { path: '/' })).toBeUndefined()
  })

  test('does not concern the server as a whole', () => {
    expect(see('*', { path: '/' })?.exchange.request.path).toBe('*')
  })

  test('leaves everything else as it is, and the log has the path as it came', () => {
    const given = createPlainExchange({ target: '/x' })
    const logged: string[] = []
    let left = false
    createPipeline({
      rootPath: '/api',
      routes: [
        {
          path: '/api',
          answer(exchange) {
            expect(exchange.id).toBe(given.id)
            expect(exchange.startedAt).toBe(given.startedAt)
            expect(exchange.connection).toBe(given.connection)
            expect(exchange.body).toBe(given.body)
            expect(exchange.response).toBe(given.response)
            expect(exchange.notes).toBe(given.notes)
            expect(exchange.webSocket).toBe(given.webSocket)
            expect(exchange.clientEnded).toBe(given.clientEnded)
            exchange.onClientEnd = () => (left = true)
            exchange.onFinish(() => logged.push('over'))
          },
        },
      ],
      accessLog: ({ request }) => void logged.push(request.target),
    })(given)
    given.onClientEnd?.()
    given.leave()
    expect([left, logged]).toEqual([true, ['/x', 'over']])
  })
})

describe('a front server, which names the whole path', () => {
  function seeBehind(target: string, mount: string): Seen | undefined {
    let seen: Seen | undefined
    const answer = (exchange: Exchange, match: RouteMatch) => (seen = { exchange, match })
    const frontServer = { mount, name: 'front.test', role: undefined }
    createPipeline({ routes: [{ path: '/api', answer }], rootPath: '/api' })(
      createPlainExchange({ target, frontServer }),
    )
    return seen
  }

  test.each([
    // The root is there already, once.
    ['/api/x?y', '', '/api/x?y', '/x'],
    ['/api/x', '/api', '/api/x', '/x'],
    // It takes the place of the mount.
    ['/shop/x?y', '/shop', '/api/x?y', '/x'],
    ['/x', '/elsewhere', '/api/x', '/x'],
  ])('%s below %j is %s', (target, mount, whole, pathInfo) => {
    const { exchange, match } = seeBehind(target, mount) ?? {}
    expect(exchange?.request.target).toBe(whole)
    expect(exchange?.frontServer).toEqual({ mount: '', name: 'front.test', role: undefined })
    expect(match).toMatchObject({ scriptName: '/api', pathInfo })
  })
})
