import { describe, expect, test } from 'vitest'
import { answerError } from '../../src/core/answer-error.ts'
import type { Exchange } from '../../src/core/exchange.ts'
import { FieldBlock } from '../../src/core/field-block.ts'
import { createRedirectAnswerer } from '../../src/pipeline/redirect.ts'
import { createRouter, type Answerer, type Route } from '../../src/pipeline/routes.ts'
import { createPlainExchange, type PlainExchange } from '../support/plain-exchange.ts'

const NOTHING = new Uint8Array(0)

/** Answers with a header that names the route and its match. */
function tell(name: string): Answerer {
  return (exchange, { scriptName, pathInfo }) => {
    const fields = new FieldBlock(`Told: ${name} ${JSON.stringify([scriptName, pathInfo])}\r\n`)
    exchange.response.send(
      {
        status: 200,
        reason: '',
        fields,
        contentLength: undefined,
        hasDate: false,
        hasServer: false,
        close: false,
      },
      NOTHING,
    )
  }
}

const passOn: Answerer = (exchange, _match, next) => next(exchange)

function ask(
  routes: readonly Route[],
  request: Parameters<typeof createPlainExchange>[0],
): PlainExchange {
  const exchange = createPlainExchange(request)
  createRouter(routes)(exchange)
  return exchange
}

function told(routes: readonly Route[], target: string, host?: string): string | number {
  const { answer } = ask(routes, host === undefined ? { target } : { target, host })
  const line = /^Told: (.*)\r\n$/.exec(answer.head?.fields.text ?? '')?.[1]
  return line ?? answer.head?.status ?? 'unanswered'
}

describe('routes', () => {
  const mounted: readonly Route[] = [{ path: '/m', answer: tell('m') }]

  test.each([
    ['/m', 'm ["/m",""]'],
    ['/m/', 'm ["/m","/"]'],
    ['/m/x?y=/m', 'm ["/m","/x"]'],
    ['/%6d/x%20y', 'm ["/m","/x y"]'],
    ['/m/a%2Fb', 'm ["/m","/a/b"]'],
    ['/m/a/../b', 'm ["/m","/a/../b"]'],
    ['/mx', 404],
    ['/M/x', 404],
    ['/m;a/x', 404],
    ['/m%2Fx', 404],
    ['/', 404],
    ['/m/../x', 404],
    ['/m/%2e%2e/x', 404],
    ['/m/..', 404],
    ['/m/..%2fx', 404],
  ])('with one mount at /m, %j: %j', (target, result) => {
    expect(told(mounted, target)).toBe(result)
  })

  test('prefer the longest path, however they are ordered', () => {
    const routes: readonly Route[] = [
      { path: '/', answer: tell('root') },
      { path: '/a', answer: tell('a') },
      { path: '/a/b', answer: tell('ab') },
    ]
    for (const table of [routes, routes.toReversed()]) {
      expect(told(table, '/a/b/c')).toBe('ab ["/a/b","/c"]')
      expect(told(table, '/a/bc')).toBe('a ["/a","/bc"]')
      expect(told(table, '/b')).toBe('root ["","/b"]')
      expect(told(table, '/../b')).toBe(404)
    }
  })

  test('prefer an exact host to a wildcard to any host', () => {
    const routes: readonly Route[] = [
      { path: '/', answer: tell('any') },
      { host: '*.example.org', path: '/', answer: tell('below') },
      { host: '*.a.example.org', path: '/', answer: tell('deeper') },
      { host: 'Shop.example.org', path: '/', answer: tell('shop') },
      { path: '/long', answer: tell('long') },
    ]
    const root = '["","/"]'
    expect(told(routes, '/', 'shop.EXAMPLE.org:8000')).toBe(`shop ${root}`)
    expect(told(routes, '/', 'other.example.org')).toBe(`below ${root}`)
    expect(told(routes, '/', 'x.a.example.org')).toBe(`deeper ${root}`)
    expect(told(routes, '/', 'example.org')).toBe(`any ${root}`)
    expect(told(routes, '/', '')).toBe(`any ${root}`)
    expect(told(routes, '/long', 'shop.example.org')).toBe('long ["/long",""]')
  })

  test('pass on to the next matching one, at last a 404', () => {
    const routes: readonly Route[] = [
      { path: '/a', answer: passOn },
      { path: '/', answer: tell('root') },
      { host: 'alone.example', path: '/a', answer: passOn },
    ]
    expect(told(routes, '/a/x')).toBe('root ["","/a/x"]')
    expect(told(routes, '/a/x', 'alone.example')).toBe('root ["","/a/x"]')
    expect(told([{ path: '/a', answer: passOn }], '/a')).toBe(404)
  })

  test('give OPTIONS * to the route at the root', () => {
    const asterisk = { method: 'OPTIONS', target: '*' }
    const rooted = ask([{ path: '/', answer: tell('root') }], asterisk)
    expect(rooted.answer.head?.fields.text).toBe('Told: root ["",""]\r\n')
    expect(ask(mounted, asterisk).answer.head?.status).toBe(204)
  })

  test.each([{ path: 'm' }, { path: '/m', host: 'a b' }])('refuse %j', (rule) => {
    expect(() => createRouter([{ ...rule, answer: passOn }])).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
  })
})

describe('redirects', () => {
  test.each([
    ['/from', '/to', '/from', '/to'],
    ['/from', '/to', '/from/', '/to/'],
    ['/from', '/to', '/from/a/b?c=d&e', '/to/a/b?c=d&e'],
    ['/from', '/to', '/from/%C3%A9%2F', '/to/%C3%A9%2F'],
    ['/from', '/to/', '/from/a', '/to/a'],
    ['/from', '/to?x=1', '/from/a?y=2', '/to/a?x=1&y=2'],
    ['/from', '/to?x=1#part', '/from', '/to?x=1#part'],
    ['/from', '/', '/from//evil.example', '/evil.example'],
    ['/from', '/', '/from/\\evil.example', '/evil.example'],
    ['/from', '/', '/from///\\/evil.example', '/evil.example'],
    ['/', '/to', '//evil.example', '/to/evil.example'],
    ['/', 'https://www.example.org', '/a?b', 'https://www.example.org/a?b'],
    ['/', 'https://www.example.org/', '/a', 'https://www.example.org/a'],
    ['/', 'https://www.example.org', '//@evil.example', 'https://www.example.org/@evil.example'],
    ['/from', '/caf\u00e9', '/from', '/caf%C3%A9'],
    ['/from', '/to', '/from/\xe9"<>', '/to/%E9%22%3C%3E'],
  ])('from %j to %j: %j leads to %j', (path, to, target, location) => {
    const { answer } = ask([{ path, answer: createRedirectAnswerer({ to }) }], { target })
    expect(answer.head?.status).toBe(308)
    expect(/^Location: (.*)\r\n/.exec(answer.head?.fields.text ?? '')?.[1]).toBe(location)
  })

  test('do not climb above their path', () => {
    const routes = [{ path: '/from', answer: createRedirectAnswerer({ to: '/to' }) }]
    expect(ask(routes, { target: '/from/../x' }).answer.head?.status).toBe(404)
  })

  test.each([301, 302, 303, 307, 308] as const)('have status %i', (status) => {
    const answer = createRedirectAnswerer({ to: '/to', status })
    expect(ask([{ path: '/', answer }], {}).answer.head?.status).toBe(status)
  })

  test.each(['', 'to', '//host', '/\\host', 'javascript:alert(1)', '/a b', '/a\r\nb'])(
    'to %j are a configuration error',
    (to) => {
      expect(() => createRedirectAnswerer({ to })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      )
    },
  )
})

describe('below the mount of a server in front', () => {
  const routes: readonly Route[] = [
    { path: '/', answer: tell('root') },
    { path: '/m', answer: tell('m') },
  ]
  const see = (mount: string, target: string): string => {
    const frontServer = { mount, name: '', role: undefined }
    const { answer } = ask(routes, { target, frontServer })
    return (
      /^Told: (.*)\r\n$/.exec(answer.head?.fields.text ?? '')?.[1] ?? String(answer.head?.status)
    )
  }

  test.each([
    ['/shop', '/shop', 'root ["/shop",""]'],
    ['/shop', '/shop/', 'root ["/shop","/"]'],
    ['/shop', '/shop/m/x', 'm ["/shop/m","/x"]'],
    ['/shop', '/s%68op/m/a%2Fb', 'm ["/shop/m","/a/b"]'],
    ['/a/b', '/a/b/mx', 'root ["/a/b","/mx"]'],
    ['/m', '/m/x', 'root ["/m","/x"]'],
    ['/m', '/m/m/x', 'm ["/m/m","/x"]'],
    ['', '/m/x', 'm ["/m","/x"]'],
    // A redirect within the server has led elsewhere.
    ['/shop', '/shops/m', 'root ["","/shops/m"]'],
    ['/shop', '/m/x', 'm ["/m","/x"]'],
    ['/shop', '/shop/../x', '404'],
    ['/shop', '/shop/m/../../x', '404'],
  ])('%s: %s', (mount, target, seen) => {
    expect(see(mount, target)).toBe(seen)
  })

  test('a route with the same mount answers, where none is below it', () => {
    const own: readonly Route[] = [
      { path: '/m', answer: tell('m') },
      { path: '/m/deep', answer: tell('deep') },
    ]
    const frontServer = { mount: '/m', name: '', role: undefined }
    const see = (target: string): string =>
      String(ask(own, { target, frontServer }).answer.head?.fields.text).trim()
    expect(see('/m/x')).toBe('Told: m ["/m","/x"]')
    expect(see('/m')).toBe('Told: m ["/m",""]')
    expect(see('/m/deep/x')).toBe('Told: deep ["/m/deep","/x"]')
    expect(see('/m/m/x')).toBe('Told: m ["/m/m","/x"]')
    expect(ask(own, { target: '/n/x', frontServer }).answer.head?.status).toBe(404)
  })

  test('guards are asked for each spelling of their places', () => {
    let asked = 0
    const guard = {
      admit: (exchange: Exchange): void => {
        asked += 1
        answerError(exchange, 'FORBIDDEN')
      },
      fits: undefined,
    }
    const guarded = [...routes, { path: '/private', answer: tell('private'), guard }]
    const frontServer = { mount: '/shop', name: '', role: undefined }
    for (const target of ['/shop//private/x', '/shop/x/../private', '/shop/PRIVATE'])
      ask(guarded, { target, frontServer })
    expect(asked).toBe(3)
    ask(guarded, { target: '/private', frontServer: { ...frontServer, mount: '/private' } })
    expect(asked).toBe(3)
  })
})
