import { expect, test } from 'vitest'
import type { TaipanConfig } from '../../src/index.ts'
import { resolveLibraryPlan } from '../../src/server/library-plan.ts'

type Route = NonNullable<TaipanConfig['routes']>[number]

function resolve(route: Omit<Route, 'path'>) {
  const { plan } = resolveLibraryPlan({ routes: [{ path: '/', ...route }] })
  const [first] = plan.routes
  if (first?.answerer.kind !== 'upstream') throw new Error('no upstream')
  return first.answerer.plan
}

test('addresses of HTTP have usual ports and options', () => {
  const { addresses, http, options } = resolve({
    upstream: { urls: ['http://a.test', 'https://[::1]', 'http+unix:/run/b.sock'] },
  })
  expect(addresses.map(({ place }) => place)).toEqual([
    { kind: 'tcp', host: 'a.test', port: 80 },
    { kind: 'tcp', host: '::1', port: 443 },
    { kind: 'unix', path: '/run/b.sock' },
  ])
  expect(http).toEqual({ rewriteLocation: false, rewriteCookies: false, insecure: false })
  expect(options.unknownLength).toBe('stream')
})

test.each<[Omit<Route, 'path'>, string]>([
  [{ upstream: 'http://a.test/x' }, 'it has a path, which no address has; write http://a.test'],
  [{ upstream: 'http://a<b' }, '"a<b" is no host name, as in http://127.0.0.1:9000'],
  [{ upstream: 'https+unix:/x' }, 'https has no Unix sockets; write http+unix:PATH'],
  [
    { upstream: { urls: ['http://a.test', 'scgi://b.test:1'] } },
    'routes[0].upstream: HTTP and other protocols do not do the same; give each a route',
  ],
  [
    { upstream: 'http://a.test', params: { A: 'b' } },
    'routes[0].params: is for FastCGI, SCGI and uwsgi; HTTP has no variables',
  ],
  [
    { upstream: 'http://a.test', root: '/' },
    'routes[0].root: is for FastCGI, SCGI and uwsgi; HTTP has no variables',
  ],
  [
    { upstream: { urls: 'https://a.test', http: { ca: '/nowhere.pem' } } },
    'routes[0].upstream.http.ca: file /nowhere.pem does not exist',
  ],
  [
    { upstream: { urls: 'https://a.test', http: { host: 'a b\nc' } } },
    'routes[0].upstream.http.host: expected the value of a header field',
  ],
  [
    { upstream: { urls: ['scgi://a.test:1'], multiplex: 'auto' } },
    'routes[0].upstream.multiplex: is for FastCGI; other protocols have one request at a time',
  ],
  [
    { upstream: { urls: ['uwsgi://a.test:1'], http: { insecure: true } } },
    'routes[0].upstream.http: is for HTTP upstreams; no address here speaks HTTP',
  ],
])('%j is refused', (route, message) => {
  expect(() => resolve(route)).toThrow(message)
})
