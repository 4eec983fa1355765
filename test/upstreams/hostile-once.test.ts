import { describe, expect, test, vi } from 'vitest'
import { DEADLINE } from '../support/deadlines.ts'
import { resetNow } from './support/fastcgi-peer.ts'
import { startRawPeer } from './support/raw-peer.ts'
import { serveGateway } from './support/serve-gateway.ts'

const FAILED = '502 Bad Gateway\n'

interface Row {
  readonly what: string
  readonly protocol: 'scgi' | 'uwsgi'
  readonly bytes: string
  readonly ends?: 'end' | 'reset'
  readonly answer: string
  /** False for one that is cut off. */
  readonly complete?: boolean
  readonly logs?: RegExp
}

const ROWS: readonly Row[] = [
  {
    what: 'the end of the connection is that of the answer',
    protocol: 'scgi',
    bytes: 'Content-Type: text/plain\r\n\r\nwhole',
    answer: '200 whole',
  },
  {
    what: 'a reset is no end',
    protocol: 'scgi',
    bytes: 'Content-Type: text/plain\r\nX: ',
    ends: 'reset',
    answer: FAILED,
    logs: /broke the connection/,
  },
  {
    what: 'nothing is no answer',
    protocol: 'scgi',
    bytes: '',
    answer: FAILED,
    logs: /without an answer/,
  },
  {
    what: 'half a head is no answer',
    protocol: 'scgi',
    bytes: 'Content-Ty',
    answer: FAILED,
    logs: /ended within/,
  },
  {
    what: 'a body that is shorter than its length is cut off',
    protocol: 'scgi',
    bytes: 'Content-Type: text/plain\nContent-Length: 10\n\nshort',
    answer: '200 short',
    complete: false,
  },
  {
    what: 'a body that is longer than its length is cut to it',
    protocol: 'scgi',
    bytes: 'Content-Type: text/plain\nContent-Length: 3\n\ntoo long',
    answer: '200 too',
  },
  {
    what: 'a status line',
    protocol: 'scgi',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\n',
    answer: FAILED,
    logs: /among its header lines/,
  },
  {
    what: 'an answer of HTTP',
    protocol: 'uwsgi',
    bytes: 'HTTP/1.0 299 Fine\r\nContent-Type: a/b\r\nConnection: close\r\n\r\nbody',
    answer: '299 body',
  },
  {
    what: 'interim responses before it',
    protocol: 'uwsgi',
    bytes:
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nlate',
    answer: '200 late',
  },
  {
    what: 'interim responses without an end',
    protocol: 'uwsgi',
    bytes: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50),
    answer: FAILED,
    logs: /interim/,
  },
  {
    what: 'chunks',
    protocol: 'uwsgi',
    bytes:
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nT: r\r\n\r\n',
    answer: '200 abcdefg',
  },
  {
    what: 'chunks without an end',
    protocol: 'uwsgi',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\nde',
    answer: '200 abcde',
    complete: false,
    logs: /before the last chunk/,
  },
  {
    what: 'broken chunks',
    protocol: 'uwsgi',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n',
    answer: '200 abc',
    complete: false,
    logs: /broken chunks/,
  },
  {
    what: 'fields of CGI without a status line',
    protocol: 'uwsgi',
    bytes: 'Content-Type: text/plain\r\n\r\nx',
    answer: FAILED,
    logs: /printed the status/,
  },
]

test.each(ROWS)('$protocol: $what', async ({ protocol, bytes, ends = 'end', ...wanted }) => {
  await using peer = await startRawPeer((socket) => {
    if (ends === 'end') socket.end(bytes, 'latin1')
    else socket.write(bytes, 'latin1', () => resetNow(socket))
  })
  await using gateway = await serveGateway([`${protocol}://127.0.0.1:${peer.port}`])
  const { status, text, complete } = await gateway.fetch()
  expect(`${status} ${text}`).toBe(wanted.answer)
  expect(complete).toBe(wanted.complete ?? true)
  if (wanted.logs !== undefined) expect(gateway.records.join('\n')).toMatch(wanted.logs)
})

describe('requests', () => {
  test('SCGI has the length first, each name once, and the end of the stream behind the body', async () => {
    await using peer = await startRawPeer((socket) =>
      socket.once('end', () => socket.end('Content-Type: a/b\n\nread')),
    )
    await using gateway = await serveGateway([`scgi://127.0.0.1:${peer.port}`])
    const headers = [['SCGI', '2']] as const
    const answer = await gateway.fetch({ method: 'POST', body: 'abc', headers })
    expect(answer.text).toBe('read')
    const [first = '', ...rest] = peer.received[0]?.split('\0') ?? []
    expect([first.replace(/^\d+:/, ''), ...rest.slice(0, 3)]).toEqual([
      'CONTENT_LENGTH',
      '3',
      'SCGI',
      '1',
    ])
    expect(rest.filter((name) => name === 'SCGI')).toHaveLength(1)
    expect(rest.at(-1)).toBe(',abc')
    await gateway.fetch()
    expect(peer.received[1]?.split('\0')[1]).toBe('0')
  })

  test('that do not fit into a packet of uwsgi are a 431, and harm no address', async () => {
    await using peer = await startRawPeer((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nfits'))
    await using gateway = await serveGateway([`uwsgi://127.0.0.1:${peer.port}`])
    const headers = [['X-Long', 'x'.repeat(64_000)]] as const
    const target = `/${'y'.repeat(4000)}`
    expect((await gateway.fetch({ headers, target })).status).toBe(431)
    expect(peer.received).toEqual([])
    expect(await gateway.get()).toBe('200 fits')
  })

  test('whose client has left are not read to their end', async () => {
    let closed = false
    await using peer = await startRawPeer((socket) => {
      socket.on('close', () => {
        closed = true
      })
      const more = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536)));
      }
      socket.write('Content-Type: a/b\n\n')
      socket.on('drain', more)
      more()
    })
    await using gateway = await serveGateway([`scgi://127.0.0.1:${peer.port}`])
    const controller = new AbortController()
    const answer = await fetch(gateway.url, { signal: controller.signal })
    expect(answer.status).toBe(200)
    controller.abort()
    await vi.waitFor(() => expect(closed).toBe(true), DEADLINE)
  })
})
