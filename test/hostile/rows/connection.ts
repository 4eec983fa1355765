import { expect } from 'vitest'

import {
  accepted,
  brokenBody,
  chunked,
  either,
  get,
  HOST,
  post,
  refused,
  SMUGGLED,
  type Row,
} from './row.ts'

const TOO_LARGE = [400, 413, 431]
const HELLO = '5\r\nhello\r\n0\r\n\r\n'
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const HANDSHAKE = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${KEY}`

/** One good answer, then the end; the other bytes are not a request. */
function last(name: string, bytes: Row['bytes'], more: Partial<Row> = {}): Row {
  return { name, bytes, answers: [[200]], closes: true, seen: [1], ...more }
}

/** The client disconnects; answers are not checked. */
function left(name: string, bytes: string, more: Partial<Row> = {}): Row {
  return {
    name: `left ${name}`,
    bytes,
    answers: [],
    closes: true,
    seen: [0, 1],
    leaving: 'leave',
    broken: true,
    ...more,
  }
}

/** The client half-closes and waits: refused or closed, but never a whole request. */
function cut(name: string, bytes: string, more: Partial<Row> = {}): Row {
  return {
    ...brokenBody(`half-closed ${name}`, bytes, [400, 408], more),
    leaving: 'half-close',
    eitherWay: true,
  }
}

const SECOND_REQUESTS: readonly (readonly [string, string, readonly number[]])[] = [
  ['without Host', `GET /2 HTTP/1.1\r\n\r\n`, [400]],
  ['with two Hosts', `GET /2 HTTP/1.1\r\n${HOST}${HOST}\r\n`, [400]],
  [
    'with CL and TE',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', HELLO, '/2'),
    [400],
  ],
  ['with an unknown coding', post('Transfer-Encoding: cow\r\n', HELLO, '/2'), [400, 501]],
  ['of HTTP/2.0', `GET /2 HTTP/2.0\r\n${HOST}\r\n`, [400, 505]],
  ['that is junk', '\x00\x01\x02\r\n\r\n', [400]],
  ['of CONNECT', `CONNECT a:80 HTTP/1.1\r\n${HOST}\r\n`, [400, 405, 501]],
  ['with a huge field', get(`X: ${'x'.repeat(100_000)}\r\n`, '/2'), TOO_LARGE],
]

/** Order, ends and phases of a connection. */
export const CONNECTION: readonly Row[] = [
  // Pipelines
  {
    name: 'three requests at once',
    bytes: get('', '/1') + get('', '/2') + get('', '/3'),
    answers: [[200], [200], [200]],
    closes: false,
    seen: [3],
    check: (seen) => expect(seen.map((one) => one.path)).toEqual(['/1', '/2', '/3']),
  },
  {
    name: '100 requests at once',
    bytes: get('', '/1').repeat(100),
    answers: Array.from({ length: 100 }, () => [200]),
    closes: false,
    seen: [100],
  },
  {
    name: 'GET behind POST',
    bytes: post('Content-Length: 5\r\n', 'hello') + get('', '/2'),
    answers: [[200], [200]],
    closes: false,
    seen: [2],
  },
  {
    name: 'GET behind chunks',
    bytes: chunked(HELLO) + get('', '/2'),
    answers: [[200], [200]],
    closes: false,
    seen: [2],
  },
  {
    name: 'GET behind chunks with trailers',
    bytes: chunked('5\r\nhello\r\n0\r\nX: y\r\n\r\n') + get('', '/2'),
    answers: [[200], [200]],
    closes: false,
    seen: [2],
  },
  {
    name: 'streams in order',
    bytes: get('', '/stream1') + get('', '/2') + get('', '/stream3'),
    answers: [[200], [200], [200]],
    closes: false,
    seen: [3],
  },
  {
    name: 'HEAD before GET',
    bytes: `HEAD /first HTTP/1.1\r\n${HOST}\r\n${get('', '/2')}`,
    answers: [[200], [200]],
    methods: ['HEAD', 'GET'],
    closes: false,
    seen: [2],
  },
  {
    name: 'HEAD of a stream before GET',
    bytes: `HEAD /stream HTTP/1.1\r\n${HOST}\r\n${get('', '/2')}`,
    answers: [[200], [200]],
    methods: ['HEAD', 'GET'],
    closes: false,
    seen: [2],
  },
  {
    name: '204 before GET',
    bytes: get('', '/empty-204') + get('', '/2'),
    answers: [[204], [200]],
    closes: false,
    seen: [2],
  },
  {
    name: '304 before GET',
    bytes: get('', '/not-modified') + get('', '/2'),
    answers: [[304], [200]],
    closes: false,
    seen: [2],
  },
  {
    name: 'an empty line between requests',
    bytes: `${get('', '/1')}\r\n${get('', '/2')}`,
    answers: [[200], [200, 400]],
    closes: false,
    eitherWay: true,
    seen: [1, 2],
  },
  {
    name: 'an unread body is not the next request',
    bytes: post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED, '/unread') + get('', '/2'),
    answers: [[200], [200]],
    closes: false,
    seen: [2],
  },
  {
    name: 'unread chunks are not the next request',
    bytes:
      chunked(`${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`, '/unread') +
      get('', '/2'),
    answers: [[200], [200]],
    closes: false,
    seen: [2],
  },
  {
    name: 'unread chunks in pieces',
    bytes: [
      chunked('', '/unread'),
      `${SMUGGLED.length.toString(16)}\r\n`,
      SMUGGLED,
      '\r\n0\r\n',
      '\r\n',
      get('', '/2'),
    ],
    answers: [[200], [200]],
    closes: false,
    seen: [2],
  },
  {
    name: 'a body on 204',
    bytes: post('Content-Length: 5\r\n', 'hello', '/empty-204') + get('', '/2'),
    answers: [[204], [200]],
    closes: false,
    seen: [2],
  },
  ...SECOND_REQUESTS.map(([name, bytes, statuses]): Row => ({
    name: `a second request ${name} is refused after the first was answered`,
    bytes: get('', '/1') + bytes + SMUGGLED,
    answers: [[200], statuses],
    closes: true,
    seen: [1],
    check: (seen) => expect(seen[0]?.path).toBe('/1'),
  })),
  {
    name: 'a refused third request behind a stream',
    bytes: get('', '/stream1') + get('', '/2') + 'GET /3 HTTP/1.1\r\n\r\n' + SMUGGLED,
    answers: [[200], [200], [400]],
    closes: true,
    seen: [2],
  },
  {
    name: 'junk behind a body',
    bytes: post('Content-Length: 5\r\n', 'hello+++junk\r\n\r\n'),
    answers: [[200], [400]],
    closes: true,
    seen: [1],
  },
  {
    name: 'a broken body behind a good request',
    bytes: get('', '/1') + chunked(`zz\r\n\r\n${SMUGGLED}`, '/2'),
    answers: [[200], [400]],
    closes: true,
    seen: [1, 2],
  },

  // Connection: close
  ...[
    'close',
    'Close',
    'CLOSE',
    'foo, close',
    'close, foo',
    'foo,close,bar',
    ' close ,',
    'keep-alive, close',
    'close, keep-alive',
    'close\r\nConnection: keep-alive',
    'keep-alive\r\nConnection: close',
  ].map((value) =>
    last(
      `Connection: ${JSON.stringify(value)} closes, and more requests are not read`,
      get(`Connection: ${value}\r\n`) + SMUGGLED,
    ),
  ),
  last(
    'junk behind a closing request changes nothing',
    `${get('Connection: close\r\n')}\x00\x01\x02 junk\r\n\r\n`,
  ),
  last(
    'junk behind a closing POST changes nothing',
    `${post('Connection: close\r\nContent-Length: 5\r\n', 'hello')}junk junk junk\r\n\r\n`,
  ),
  last(
    'junk behind closing chunks changes nothing',
    `${post('Connection: close\r\nTransfer-Encoding: chunked\r\n', HELLO)}junk junk junk\r\n\r\n`,
  ),
  last('100 KB behind a closing request', get('Connection: close\r\n') + SMUGGLED.repeat(2000)),
  last('a request behind a closing stream', get('Connection: close\r\n', '/stream') + SMUGGLED),
  last('a request behind an answer that closes', get('', '/closing') + SMUGGLED),
  accepted('Connection: closed keeps', get('Connection: closed\r\n')),
  accepted('Connection: keep-alive keeps', get('Connection: keep-alive\r\n')),
  accepted('Connection: "close" in quotes keeps', get('Connection: "close"\r\n')),
  accepted('an empty Connection keeps', get('Connection:\r\n')),

  // 1.0
  last('1.0 closes', `GET /first HTTP/1.0\r\n${HOST}\r\n${SMUGGLED}`),
  last('1.0 gets no chunks', `GET /stream HTTP/1.0\r\n${HOST}\r\n${SMUGGLED}`),
  last('1.0 that says close', `GET /first HTTP/1.0\r\n${HOST}Connection: close\r\n\r\n${SMUGGLED}`),
  last(
    '1.0 stream that wants to be kept',
    `GET /stream HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`,
  ),
  either(
    '1.0 that wants to be kept',
    `GET /first HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`,
    [200],
    { seen: [1] },
  ),
  last(
    '1.0 never gets 100',
    `POST /first HTTP/1.0\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
  ),
  last(
    '1.0 with a body and more',
    `POST /first HTTP/1.0\r\n${HOST}Content-Length: 5\r\n\r\nhello${SMUGGLED}`,
  ),

  // Expect and Upgrade
  accepted(
    'Expect with the body at once',
    post('Expect: 100-continue\r\nContent-Length: 5\r\n', 'hello'),
  ),
  accepted('Expect in capitals', post('Expect: 100-CONTINUE\r\nContent-Length: 5\r\n', 'hello')),
  accepted('Expect with chunks and trailers', [
    post('Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n'),
    '5\r\nhello\r\n',
    '0\r\nX: y\r\n\r\n',
  ]),
  accepted('Expect without a body', get('Expect: 100-continue\r\n')),
  accepted('Expect with a body of nothing', post('Expect: 100-continue\r\nContent-Length: 0\r\n')),
  either(
    'an unknown Expect',
    post('Expect: 200-ok\r\nContent-Length: 5\r\n', 'hello'),
    [200, 400, 417],
  ),
  either(
    'Expect refused by the application',
    post('Expect: 100-continue\r\nContent-Length: 5\r\n', '', '/refuse'),
    [401],
    { seen: [1] },
  ),
  accepted(
    'an ignored Upgrade',
    get(
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    ),
  ),
  accepted(
    'an ignored Upgrade with a body',
    post('Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 5\r\n', 'hello'),
    {
      check: (seen) => expect(seen[0]?.body).toBe('hello'),
    },
  ),
  {
    name: 'a request behind an ignored Upgrade with a body',
    bytes:
      post(
        `Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: ${SMUGGLED.length}\r\n`,
        SMUGGLED,
      ) + get('', '/2'),
    answers: [[200], [200]],
    closes: false,
    seen: [2],
    check: (seen) => expect(seen.map((one) => one.path)).toEqual(['/first', '/2']),
  },
  {
    name: 'a request behind an ignored Upgrade with chunks',
    bytes:
      post('Connection: Upgrade\r\nUpgrade: foo\r\nTransfer-Encoding: chunked\r\n', HELLO) +
      get('', '/2'),
    answers: [[200], [200]],
    closes: false,
    seen: [2],
  },
  {
    name: 'an ignored h2c upgrade',
    bytes:
      get(
        'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n',
      ) + get('', '/2'),
    answers: [[200], [200]],
    closes: false,
    seen: [2],
  },
  accepted('Upgrade without Connection', get('Upgrade: websocket\r\n')),
  accepted(
    'a handshake with a body is an ordinary request',
    `GET /first HTTP/1.1\r\n${HOST}${HANDSHAKE}Content-Length: 5\r\n\r\nhello`,
    { check: (seen) => expect(seen[0]?.body).toBe('hello') },
  ),
  {
    name: 'a request behind a handshake that nobody takes',
    bytes: get(HANDSHAKE) + get('', '/2'),
    answers: [[200], [200]],
    closes: false,
    seen: [2],
  },
  refused('a handshake of HTTP/1.0', `GET / HTTP/1.0\r\n${HOST}${HANDSHAKE}\r\n`),
  refused(
    'a handshake of version 12, and a request behind it',
    get(HANDSHAKE.replace('13', '12')) + SMUGGLED,
    [426],
  ),
  refused('a handshake without a key', get(HANDSHAKE.replace('-Key', '-Kay')) + SMUGGLED),
  refused('a handshake with two keys', get(HANDSHAKE + KEY)),
  refused('a handshake with a broken key', get(HANDSHAKE.replace('==', '=')), [400]),
  refused(
    'a handshake with a subprotocol that is no name',
    get(`${HANDSHAKE}Sec-WebSocket-Protocol: a/b\r\n`),
  ),
  refused(
    'a handshake with the same subprotocol on two lines',
    get(`${HANDSHAKE}Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n`),
  ),
  refused(
    'a handshake with broken extensions',
    get(`${HANDSHAKE}Sec-WebSocket-Extensions: permessage-deflate; =\r\n`),
  ),

  // Sizes of bodies' framing
  brokenBody(
    'a chunk extension of 4 MB',
    chunked(`5;${'x'.repeat(4 << 20)}\r\nhello\r\n0\r\n\r\n`),
    TOO_LARGE,
    { bulky: true },
  ),
  brokenBody('a chunk extension that never ends', chunked(`5;${'x'.repeat(4 << 20)}`), TOO_LARGE, {
    bulky: true,
  }),
  brokenBody(
    'trailers of 8 MB',
    chunked(`5\r\nhello\r\n0\r\n${`X: ${'x'.repeat(1020)}\r\n`.repeat(8192)}\r\n`),
    TOO_LARGE,
    { bulky: true },
  ),
  brokenBody(
    'one trailer of 8 MB',
    chunked(`5\r\nhello\r\n0\r\nX: ${'x'.repeat(8 << 20)}\r\n\r\n`),
    TOO_LARGE,
    { bulky: true },
  ),
  brokenBody(
    'tiny trailers without end',
    chunked(`5\r\nhello\r\n0\r\n${'X:\r\n'.repeat(100_000)}`),
    TOO_LARGE,
    { bulky: true },
  ),
  brokenBody('a chunk size line of zeros without end', chunked('0'.repeat(1_000_000)), TOO_LARGE, {
    bulky: true,
  }),

  // The client disconnects
  left('behind nothing', '', { seen: [0] }),
  left('in the method', 'GE', { seen: [0] }),
  left('behind the request line', 'GET /first HTTP/1.1\r\n', { seen: [0] }),
  left('in a field', `GET /first HTTP/1.1\r\n${HOST}X: a`, { seen: [0] }),
  left('before the last line end', `GET /first HTTP/1.1\r\n${HOST}\r`, { seen: [0] }),
  left('before the body', post('Content-Length: 5\r\n')),
  left('in the body', post('Content-Length: 5\r\n', 'hel')),
  left('in a large body', post('Content-Length: 5000000\r\n', 'x'.repeat(1_000_000))),
  left('in a chunk size', chunked('5')),
  left('in a chunk', chunked('5\r\nhel')),
  left('between chunks', chunked('5\r\nhello\r\n')),
  left('before the last line end of chunks', chunked('5\r\nhello\r\n0\r\n')),
  left('in trailers', chunked('5\r\nhello\r\n0\r\nX: y\r\n')),
  left('by a reset in the body', post('Content-Length: 5\r\n', 'hel'), { leaving: 'reset' }),
  left('by a reset in a chunk', chunked('5\r\nhel'), { leaving: 'reset' }),
  left('by a reset in the head', 'GET /first HT', { leaving: 'reset', seen: [0] }),
  left('before a good answer', get(), { broken: false }),
  left('by a reset before a stream', get('', '/stream'), { leaving: 'reset', broken: false }),

  // The client half-closes
  last('a half-closed client is answered', get(), { leaving: 'half-close' }),
  last('a half-closed client with a body is answered', post('Content-Length: 5\r\n', 'hello'), {
    leaving: 'half-close',
  }),
  last('a half-closed client with chunks is answered', chunked(HELLO), { leaving: 'half-close' }),
  last('a half-closed client gets its stream', get('', '/stream'), { leaving: 'half-close' }),
  {
    name: 'a half-closed client gets all answers of a pipeline',
    bytes: get('', '/1') + get('', '/stream2') + get('', '/3'),
    answers: [[200], [200], [200]],
    closes: true,
    seen: [3],
    leaving: 'half-close',
  },
  cut('in the method', 'GE', { seen: [0] }),
  cut('behind the request line', 'GET /first HTTP/1.1\r\n', { seen: [0] }),
  cut('in a field', `GET /first HTTP/1.1\r\n${HOST}X: a`, { seen: [0] }),
  cut('before the last line end', `GET /first HTTP/1.1\r\n${HOST}`, { seen: [0] }),
  cut('before the body', post('Content-Length: 5\r\n')),
  cut('in the body', post('Content-Length: 5\r\n', 'hel')),
  cut('in a chunk size', chunked('5')),
  cut('in a chunk', chunked('5\r\nhel')),
  cut('between chunks', chunked('5\r\nhello\r\n')),
  cut('before the last line end of chunks', chunked('5\r\nhello\r\n0\r\n')),
  cut('in trailers', chunked('5\r\nhello\r\n0\r\nX: y\r\n')),

  // Single bytes
  accepted('a head in single bytes', get('X: y\r\n').split('')),
  accepted('a POST in single bytes', post('Content-Length: 5\r\n', 'hello').split('')),
  {
    name: 'a pipeline cut at odd places',
    bytes: [get('', '/1') + 'GET /2 HT', 'TP/1.1\r', '\n' + HOST, '\r', '\n' + get('', '/3')],
    answers: [[200], [200], [200]],
    closes: false,
    seen: [3],
  },
]
