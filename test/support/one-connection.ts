import { expect } from 'vitest'

import { connect } from 'node:http2'

import { fetchHttp2, requestHttp2 } from './http2-fetch.ts'
import type { RawRequest } from './raw-client.ts'
import { fetchRaw, formatRequest, openRaw } from './raw-client.ts'

/** A WSGI application that changes its environ. */
export const SPOILING = `
def application(environ, start_response):
    keys = sorted(key for key, value in environ.items() if isinstance(value, (str, bool, tuple)))
    text = repr([(key, environ[key]) for key in keys if key not in ("REMOTE_PORT", "taipan.request_id", "HTTP_X_REQUEST_ID")])
    environ.update({key: "spoilt" for key in keys}, spoilt="yes")
    start_response("200 OK", [("X-Id", str(len(text)))])
    return [text.encode()]
`

const BROWSER = [
  ['User-Agent', 'tests/1.0'],
  ['Accept', 'text/html'],
  ['Accept', '*/*'],
  ['Cookie', 'a=1'],
] as const

/** Requests as clients repeat and vary them. */
const REQUESTS: readonly RawRequest[] = [
  { target: '/lab/a' },
  { target: '/lab/b%20b?c=d' },
  { target: '/lab/a', headers: BROWSER },
  { target: '/lab/?x', headers: BROWSER },
  { target: '/lab/a', headers: [...BROWSER, ['Cookie', 'b=2']] },
  { target: '/lab/a', headers: BROWSER, method: 'OPTIONS' },
  { target: '/lab/a', headers: BROWSER, version: '1.0' },
  { target: 'http://other.test:81/lab/a', headers: BROWSER },
  { target: '/lab/a', headers: BROWSER, method: 'POST', body: 'hello' },
  { target: '/lab/a', headers: BROWSER, method: 'POST', chunks: [] },
  { target: '/lab/a', headers: BROWSER, method: 'POST', chunks: ['hello'] },
  { target: '/lab/a', headers: [['Host', 'other.test']] },
  { target: '/lab/a', headers: [['X-Long', 'x'.repeat(5000)]] },
]

/** Expects the application `lab` to report the same input whatever came before on the connection. */
export async function expectRequestsToShareNothing(url: string): Promise<void> {
  using connection = await openRaw(url)
  const next = async (request: RawRequest): Promise<string> => {
    const headers = [...(request.headers ?? []), ['Connection', 'keep-alive']] as const
    connection.send(formatRequest({ ...request, headers }))
    return (await connection.readResponse(request.method ?? 'GET')).text
  }
  for (const order of [REQUESTS, REQUESTS.toReversed()])
    for (const request of order) {
      const headers = [...(request.headers ?? []), ['Connection', 'keep-alive']] as const
      const alone = (await fetchRaw(url, { ...request, headers })).text
      expect(alone).toContain('/lab')
      for (let i = 0; i < 4; i++) expect(await next(request)).toBe(alone)
    }
}

/** The same for the streams of a connection of HTTP/2. */
export async function expectStreamsToShareNothing(url: string): Promise<void> {
  const requests = REQUESTS.filter(
    ({ version, target = '', chunks = [] }) =>
      version === undefined && target.startsWith('/') && chunks.length === 0,
  )
  const session = connect(url)
  try {
    for (const request of [...requests, ...requests.toReversed()]) {
      const alone = (await fetchHttp2(url, request)).text
      expect(alone).toContain('/lab')
      const answers = await Promise.all([1, 2, 3].map(() => requestHttp2(session, request)))
      for (const { text } of answers) expect(text).toBe(alone)
    }
  } finally {
    session.destroy()
  }
}
