import { expect, test } from 'vitest'

import {
  fetchRaw,
  formatRequest,
  openRaw,
  type RawRequest,
  type RawResponse,
} from '../../support/raw-client.ts'
import { bytesOf, sha256 } from './bytes.ts'
import type { Gateway } from './gateway.ts'

/** What not all peers can do: handlers of the lab, and bodies in chunks. */
type Feature = 'leave' | 'complain' | 'late' | 'unread' | 'chunks'

/** The gateway lab behind a route. */
export interface LabFacts {
  /** Path that the lab is found at. */
  readonly base: string
  /** `SCRIPT_NAME` as the peer tells it; `base` by default. */
  readonly script?: string | undefined
  /** The lab knows variables, not header fields only. */
  readonly variables?: boolean
  readonly lacks?: readonly Feature[]
}

/** What the handler `echo` answers. */
interface Echo {
  readonly method: string
  readonly script?: string
  readonly path: string
  readonly query: string
  readonly size: number
  readonly sha256: string
  readonly variables?: Readonly<Record<string, string>>
}

const PIECES = 7

/** The requests that every gateway passes on to every peer. */
export function testLabRequests(
  current: () => Gateway,
  { base, script = base, variables = true, lacks = [] }: LabFacts,
): void {
  const ask = async (path: string, request: RawRequest = {}): Promise<RawResponse> =>
    await fetchRaw(current().url, { target: `${base}${path}`, ...request })
  const echo = async (request: RawRequest = {}, path = '/echo'): Promise<Echo> => {
    const { status, text } = await ask(path, request)
    expect(status).toBe(200)
    return JSON.parse(text)
  }

  test('a path and a query arrive', async () => {
    const found = await echo({}, '/echo/some/thing?a=1&b=%41')
    expect(found).toMatchObject({ method: 'GET', query: 'a=1&b=%41', size: 0 })
    expect(found.path.endsWith('/echo/some/thing')).toBe(true)
    if (variables) expect(found).toMatchObject({ script, path: '/echo/some/thing' })
  })

  test.each([1, 16_384, 700_000])('a body of %i bytes arrives', async (size) => {
    const body = bytesOf(size)
    const found = await echo({ method: 'POST', body })
    expect(found).toMatchObject({ method: 'POST', size, sha256: sha256(body) })
  })

  const chunked = lacks.includes('chunks') ? [1000] : [1000, 700_000]
  test.each(chunked)('a body of %i bytes in chunks arrives', async (size) => {
    const body = bytesOf(size)
    const chunks = Array.from({ length: PIECES }, (_, at) =>
      body.subarray((size * at) / PIECES, (size * (at + 1)) / PIECES),
    )
    const found = await echo({ method: 'PUT', chunks })
    expect(found).toMatchObject({ method: 'PUT', size, sha256: sha256(body) })
  })

  test('a body is sent after 100 Continue', async () => {
    using connection = await openRaw(current().url)
    const body = bytesOf(1000)
    const whole = formatRequest({
      method: 'POST',
      target: `${base}/echo`,
      headers: [['Expect', '100-continue']],
      body,
    })
    connection.send(whole.subarray(0, -body.length))
    expect((await connection.readResponse()).status).toBe(100)
    connection.send(body)
    const { text } = await connection.readFinalResponse()
    expect(JSON.parse(text)).toMatchObject({ sha256: sha256(body) })
  })

  test('HEAD has no body', async () => {
    const answer = await ask('/repeated', { method: 'HEAD' })
    expect([answer.status, answer.body.length]).toEqual([200, 0])
  })

  test('repeated fields come back', async () => {
    const answer = await ask('/repeated')
    expect(answer.headers('set-cookie')).toEqual(['a=1', 'b=2; Path=/'])
    expect(answer.headers('x-lab').join(', ')).toBe('one, two')
    expect(answer.text).toBe('repeated')
  })

  test('a redirect to elsewhere is the client’s', async () => {
    const answer = await ask('/moved')
    expect([answer.status, answer.header('location')]).toEqual([
      302,
      'http://example.org/elsewhere',
    ])
  })

  test('statuses come back', async () => {
    expect((await ask('/nowhere')).status).toBe(404)
    expect((await ask('/empty')).status).toBe(204)
  })

  test('an answer of 3 MB comes whole', async () => {
    const { body } = await ask('/large?size=3000000')
    expect(sha256(body)).toBe(sha256(Buffer.alloc(3_000_000, '0123456789')))
  })

  test.skipIf(lacks.includes('unread'))('an upload that nobody reads is answered', async () => {
    const answer = await ask('/unread', { method: 'POST', body: bytesOf(3_000_000) })
    expect([answer.status, answer.text]).toEqual([413, 'too large'])
  })

  test('many requests at once each get their own answer', async () => {
    const queries = Array.from({ length: 40 }, (_, at) => `n=${at}`)
    const found = await Promise.all(queries.map(async (query) => await echo({}, `/echo?${query}`)))
    expect(found.map(({ query }) => query)).toEqual(queries)
  })

  test('clients that leave free their connections', async () => {
    for (let at = 0; at < 20; at++) {
      using connection = await openRaw(current().url)
      connection.send(formatRequest({ target: `${base}/large?size=30000000` }))
      await connection.waitUntil(() => connection.received > 0, 'the beginning of an answer')
      connection.reset()
    }
    expect((await echo()).size).toBe(0)
  })

  test.runIf(variables)('fields become variables, without those that may deceive', async () => {
    const headers = [
      ['Host', 'shop.example.org'],
      ['X-Lab', 'one'],
      ['X-Lab', 'two'],
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
      ['Authorization', 'Basic QW5uOnBhc3M='],
      ['Proxy', 'http://evil.example.org'],
      ['X_Lab', 'evil'],
    ] as const
    const found = (await echo({ headers })).variables
    expect(found).toMatchObject({
      HTTP_HOST: 'shop.example.org',
      HTTP_X_LAB: expect.stringMatching(/^one, ?two$/),
      HTTP_COOKIE: 'a=1; b=2',
      HTTP_AUTHORIZATION: 'Basic QW5uOnBhc3M=',
      SERVER_PROTOCOL: 'HTTP/1.1',
    })
    expect(found).not.toHaveProperty('HTTP_PROXY')
  })

  test.skipIf(lacks.includes('late'))('a request waits for an answer that is late', async () => {
    expect((await ask('/late?seconds=0.3')).text).toBe('late')
  })

  test.skipIf(lacks.includes('complain'))(
    'what an application complains of is logged',
    async () => {
      const { peer, taipan } = current()
      expect((await ask('/complain')).text).toBe('complained')
      await expect.poll(() => taipan.output + peer.log).toContain('a complaint of the application')
    },
  )

  test.skipIf(lacks.includes('leave'))('a process that ends costs its own request', async () => {
    expect((await ask('/leave')).status).toBe(502)
    expect((await echo()).size).toBe(0)
  })
}
