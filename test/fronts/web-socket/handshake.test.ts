import { describe, expect, test } from 'vitest'

import { NO_FIELDS } from '../../../src/core/field-block.ts'
import { pollUntil, formatRequest, openRaw } from '../../support/raw-client.ts'
import {
  acceptKey,
  finishHandshake,
  formatFrame,
  formatHandshake,
  KEY,
  OPCODE,
  openWebSocket,
  RawWebSocket,
  type HandshakeShape,
} from '../../support/web-socket-client.ts'
import { answer, startLab } from '../support/front-lab.ts'
import { accept, createLog, echo } from './applications.ts'

describe('an opening handshake', () => {
  test('is answered according to RFC 6455, and the socket works', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    expect(socket.answer.header('upgrade')).toBe('websocket')
    expect(socket.answer.header('connection')).toBe('Upgrade')
    expect(socket.answer.header('sec-websocket-accept')).toBe(acceptKey())
    expect(socket.answer.headers('server')).toEqual(['taipan/test'])
    expect(socket.answer.headers('date')).toHaveLength(1)
    expect(socket.answer.headers('sec-websocket-extensions')).toEqual([])
    expect(socket.answer.headers('sec-websocket-protocol')).toEqual([])
    socket.sendText('hello')
    expect((await socket.readMessage()).payload.toString()).toBe('hello')
    socket.close(1000, 'bye')
    expect(await socket.readClose()).toBe('1000 bye')
    await socket.connection.waitForEnd()
    expect(log.closes).toEqual([{ code: 1000, reason: 'bye' }])
    expect(lab.outcomes).toEqual([{ status: 101, bytes: 5, error: undefined }])
  })

  test.each<[string, HandshakeShape]>([
    ['in capitals', { connection: 'UPGRADE', upgrade: 'WebSocket' }],
    ['as browsers say it', { connection: 'keep-alive, Upgrade' }],
    ['with several protocols to choose from', { upgrade: 'h2c, websocket' }],
    [
      'over two Connection lines',
      { connection: 'keep-alive', fields: [['Connection', 'upgrade']] },
    ],
    ['with a body of no bytes', { fields: [['Content-Length', '0']] }],
    ['with empty elements in its lists', { connection: ', ,upgrade,', upgrade: ',,websocket ,' }],
    ['with an unknown extension', { fields: [['Sec-WebSocket-Extensions', 'x-mine; a=1']] }],
    ['with an Origin, when all are welcome', { fields: [['Origin', 'https://a.test']] }],
  ])('is accepted %s', async (_name, shape) => {
    await using lab = await startLab(echo(createLog()))
    using socket = await openWebSocket(lab.url, shape)
    socket.sendText('x')
    expect((await socket.readMessage()).payload.toString()).toBe('x')
  })

  test.each<[string, HandshakeShape]>([
    ['without Connection', { connection: undefined }],
    ['with another Connection', { connection: 'keep-alive' }],
    ['to another protocol', { upgrade: 'h2c' }],
    ['to something like it', { upgrade: 'websocket2' }],
    ['to something that looks like it', { upgrade: 'websocket\xa0' }],
    ['with a Connection that looks like it', { connection: 'upgrade\xa0' }],
    ['by another method', { method: 'OPTIONS' }],
    ['with a body', { fields: [['Content-Length', '2']] }],
  ])('is an ordinary request %s', async (_name, shape) => {
    await using lab = await startLab(echo(createLog()))
    using connection = await openRaw(lab.url)
    connection.send(formatHandshake({ ...shape, target: '/1' }))
    if (shape.fields !== undefined) connection.send('ab')
    expect((await connection.readResponse()).text).toBe('no socket /1')
    connection.send(formatRequest({ target: '/2' }))
    expect((await connection.readResponse()).text).toBe('no socket /2')
  })

  test.each<[string, number, HandshakeShape]>([
    ['of HTTP/1.0', 400, { version: '1.0' }],
    ['without a key', 400, { key: undefined }],
    ['with an empty key', 400, { key: '' }],
    ['with a short key', 400, { key: 'AAAA' }],
    ['with a key that is no base64', 400, { key: '!!!!!!!!!!!!!!!!!!!!!!==' }],
    ['with two keys', 400, { fields: [['Sec-WebSocket-Key', KEY]] }],
    ['without a version', 426, { protocolVersion: undefined }],
    ['of version 8', 426, { protocolVersion: '8' }],
    ['of version 14', 426, { protocolVersion: '14' }],
    ['of version 13.0', 426, { protocolVersion: '13.0' }],
    ['with two versions', 400, { fields: [['Sec-WebSocket-Version', '8']] }],
    ['with a list of no subprotocols', 400, { fields: [['Sec-WebSocket-Protocol', ' , ,']] }],
    ['with a list of no extensions', 400, { fields: [['Sec-WebSocket-Extensions', ',']] }],
    ['with a subprotocol of two words', 400, { fields: [['Sec-WebSocket-Protocol', 'a b']] }],
    ['with a subprotocol twice', 400, { fields: [['Sec-WebSocket-Protocol', 'a, b, a']] }],
    [
      'with a subprotocol twice over two lines',
      400,
      {
        fields: [
          ['Sec-WebSocket-Protocol', 'a'],
          ['Sec-WebSocket-Protocol', 'a'],
        ],
      },
    ],
    ['with broken extensions', 400, { fields: [['Sec-WebSocket-Extensions', '; a']] }],
    [
      'with a parameter that looks blank',
      400,
      { fields: [['Sec-WebSocket-Extensions', 'a; b=\xa0']] },
    ],
    [
      'with a parameter behind what looks blank',
      400,
      { fields: [['Sec-WebSocket-Extensions', 'a;\xa0b']] },
    ],
    ['with a broken parameter', 400, { fields: [['Sec-WebSocket-Extensions', 'a; b="']] }],
  ])('%s is refused with %i', async (_name, status, shape) => {
    await using lab = await startLab(echo(createLog()))
    using connection = await openRaw(lab.url)
    connection.send(formatHandshake(shape))
    const response = await connection.readResponse()
    expect(response.status).toBe(status)
    expect(response.headers('connection')).toContain('close')
    await connection.waitForEnd()
    expect(lab.exchanges).toEqual([])
    if (status !== 426) return
    expect(response.header('sec-websocket-version')).toBe('13')
    expect(response.header('upgrade')).toBe('websocket')
    expect(response.headers('connection')).toContain('Upgrade')
  })

  test('may arrive byte by byte, and frames right after it', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using connection = await openRaw(lab.url)
    const bytes = Buffer.concat([
      formatHandshake(),
      formatFrame(OPCODE.text, 'first'),
      formatFrame(OPCODE.text, 'second'),
    ])
    await connection.sendPieces(
      Array.from(bytes, (byte) => Buffer.from([byte])),
      0,
    )
    using socket = await finishHandshake(connection)
    expect((await socket.readMessage()).payload.toString()).toBe('first')
    expect((await socket.readMessage()).payload.toString()).toBe('second')
  })

  test.each([0, 20])('in one packet with frames, accepted after %i ms', async (delay) => {
    const log = createLog()
    const accepting = echo(log)
    await using lab = await startLab((exchange) => {
      if (delay === 0) accepting(exchange)
      else setTimeout(() => accepting(exchange), delay)
    })
    using connection = await openRaw(lab.url)
    // Far more than is read ahead: the client gets backpressure until the handshake is complete.
    const frames = Array.from({ length: 30 }, () =>
      formatFrame(OPCODE.binary, Buffer.alloc(9000, 1)),
    )
    connection.send(Buffer.concat([formatHandshake(), ...frames]))
    using socket = await finishHandshake(connection)
    for (let i = 0; i < frames.length; i++)
      expect((await socket.readMessage()).payload.length).toBe(9000)
  })

  test('may follow an ordinary request on the same connection', async () => {
    await using lab = await startLab(echo(createLog()))
    using connection = await openRaw(lab.url)
    connection.send(Buffer.concat([formatRequest({ target: '/1' }), formatHandshake()]))
    expect((await connection.readResponse()).text).toBe('no socket /1')
    using socket = await finishHandshake(connection)
    socket.sendText('x')
    expect((await socket.readMessage()).payload.toString()).toBe('x')
  })
})

describe('an answer to a handshake', () => {
  test('has the subprotocol and the lines of the application, and none twice', async () => {
    const fields =
      'X-Mine: \xe4\r\nX-Mine: 2\r\nSet-Cookie: a=1\r\nServer: mine\r\nUpgrade: no\r\n' +
      'Connection: close\r\nSec-WebSocket-Accept: no\r\nsec-websocket-protocol: no\r\n' +
      'Sec-WebSocket-Extensions: no\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n'
    await using lab = await startLab(accept(createLog(), { subprotocol: 'b', fields }))
    using socket = await openWebSocket(lab.url, {
      fields: [
        ['Sec-WebSocket-Protocol', 'a'],
        ['Sec-WebSocket-Protocol', 'b , c'],
      ],
    })
    expect(lab.exchanges[0]?.webSocket?.subprotocols).toEqual(['a', 'b', 'c'])
    const { answer: head } = socket
    expect(head.headers('x-mine')).toEqual(['\xe4', '2'])
    expect(head.headers('set-cookie')).toEqual(['a=1'])
    expect(head.headers('server')).toEqual(['mine'])
    expect(head.headers('date')).toHaveLength(1)
    expect(head.headers('upgrade')).toEqual(['websocket'])
    expect(head.headers('connection')).toEqual(['Upgrade'])
    expect(head.headers('sec-websocket-accept')).toEqual([acceptKey()])
    expect(head.headers('sec-websocket-protocol')).toEqual(['b'])
    expect(head.headers('sec-websocket-extensions')).toEqual([])
  })

  test.each(['a,,b', ', a, b', 'a,b,', ' ,\t, a , ,b'])(
    'has the subprotocol of an offer with empty elements: %j',
    async (offer) => {
      await using lab = await startLab(accept(createLog(), { subprotocol: 'b' }))
      using socket = await openWebSocket(lab.url, { fields: [['Sec-WebSocket-Protocol', offer]] })
      expect(lab.exchanges[0]?.webSocket?.subprotocols).toEqual(['a', 'b'])
      expect(socket.answer.headers('sec-websocket-protocol')).toEqual(['b'])
      socket.close(1000, '')
      expect(await socket.readClose()).toBe('1000')
    },
  )

  test('has no subprotocol that the client did not offer', async () => {
    await using lab = await startLab(accept(createLog(), { subprotocol: 'z' }))
    using socket = await openWebSocket(lab.url, { fields: [['Sec-WebSocket-Protocol', 'a']] })
    expect(socket.answer.headers('sec-websocket-protocol')).toEqual([])
    expect(lab.records.filter((record) => record.level === 'warn')).toHaveLength(1)
  })

  test('may be an ordinary response, and the connection continues', async () => {
    await using lab = await startLab((exchange) => {
      if (exchange.webSocket === undefined) answer(exchange, 'plain')
      else setTimeout(() => answer(exchange, 'no', { status: 403 }), 10)
    })
    using connection = await openRaw(lab.url)
    connection.send(formatHandshake())
    const denial = await connection.readResponse()
    expect([denial.status, denial.text]).toEqual([403, 'no'])
    expect(denial.headers('connection')).toEqual([])
    connection.send(formatRequest())
    expect((await connection.readResponse()).text).toBe('plain')
  })

  test.each(['leaves', 'resets', 'half-closes'])(
    'that the client does not wait for (it %s) ends the exchange, and accepting does no harm',
    async (how) => {
      await using lab = await startLab((exchange) => {
        expect(exchange.webSocket?.subprotocols).toEqual([])
      })
      using connection = await openRaw(lab.url)
      connection.send(formatHandshake())
      await pollUntil(() => lab.exchanges[0], 'the handshake')
      if (how === 'leaves') connection.destroy()
      else if (how === 'resets') connection.reset()
      else connection.finishSending()
      await pollUntil(() => lab.outcomes[0], 'the end of the exchange')
      expect(lab.outcomes[0]?.status).toBe(0)
      const channel = lab.exchanges[0]?.webSocket?.accept({ subprotocol: '', fields: NO_FIELDS })
      expect(channel?.send(Buffer.from('x'), { isText: true, last: true })).toBe(true)
      const close = await new Promise((resolve) => {
        if (channel !== undefined) channel.onClose = resolve
      })
      expect(close).toEqual({ code: 1006, reason: '' })
    },
  )
})

test('a client that disconnected while its handshake waited is not accepted', async () => {
  await using lab = await startLab(() => {})
  using connection = await openRaw(lab.url)
  connection.send(formatHandshake())
  connection.finishSending()
  const exchange = await pollUntil(() => lab.exchanges[0], 'the handshake')
  await pollUntil(() => exchange.clientEnded || undefined, 'the end of what it sends')
  expect(exchange.webSocket?.subprotocols).toEqual([])
  await pollUntil(() => lab.outcomes[0], 'the end of the exchange')
  expect(lab.outcomes[0]?.error?.message).toBe('the client disconnected during the handshake')
})

describe('origins', () => {
  const origins = ['https://Example.org', 'http://localhost:3000', 'null', 'app://shell']

  test.each([
    ['https://example.org', 101],
    ['HTTPS://EXAMPLE.ORG:443', 101],
    ['http://localhost:3000', 101],
    ['null', 101],
    ['app://shell', 101],
    [undefined, 101],
    ['http://example.org', 403],
    ['https://example.org:8443', 403],
    ['https://example.org.evil.test', 403],
    ['https://evil.test/https://example.org', 403],
    ['http://localhost', 403],
    ['app://other', 403],
    ['https://example.org\xa0', 403],
    ['\xa0null', 403],
    ['', 403],
  ])('%s is answered %i', async (origin, status) => {
    await using lab = await startLab(echo(createLog()), { webSocket: { origins } })
    using connection = await openRaw(lab.url)
    const fields = origin === undefined ? [] : ([['Origin', origin]] as const)
    connection.send(formatHandshake({ fields }))
    expect((await connection.readResponse()).status).toBe(status)
    expect(lab.exchanges).toHaveLength(status === 101 ? 1 : 0)
  })

  test('count for WebSockets only', async () => {
    await using lab = await startLab(echo(createLog()), { webSocket: { origins } })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ headers: [['Origin', 'http://evil.test']] }))
    expect((await connection.readResponse()).status).toBe(200)
  })
})

describe('compression', () => {
  test.each([
    ['permessage-deflate', 'permessage-deflate; server_max_window_bits=12'],
    [
      'permessage-deflate; client_max_window_bits',
      'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12',
    ],
    [',, permessage-deflate ,', 'permessage-deflate; server_max_window_bits=12'],
    [
      'permessage-deflate; server_max_window_bits="10"; client_max_window_bits=11',
      'permessage-deflate; server_max_window_bits=10; client_max_window_bits=11',
    ],
    [
      'x, permessage-deflate; nonsense, permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      'permessage-deflate; server_max_window_bits=12; server_no_context_takeover; client_no_context_takeover',
    ],
    [
      'permessage-deflate; client_max_window_bits=8',
      'permessage-deflate; server_max_window_bits=12',
    ],
    ['permessage-deflate; server_max_window_bits=8', undefined],
    ['permessage-deflate; server_max_window_bits', undefined],
    ['permessage-deflate; server_no_context_takeover=1', undefined],
    ['permessage-deflate; server_max_window_bits=9; server_max_window_bits=9', undefined],
    ['x-webkit-deflate-frame', undefined],
  ])('%s is answered %s', async (offer, expected) => {
    await using lab = await startLab(echo(createLog()))
    using socket = await openWebSocket(lab.url, { fields: [['Sec-WebSocket-Extensions', offer]] })
    expect(socket.answer.header('sec-websocket-extensions')).toBe(expected)
  })

  test('is not negotiated when it is switched off', async () => {
    await using lab = await startLab(echo(createLog()), { webSocket: { compression: false } })
    const fields = [['Sec-WebSocket-Extensions', 'permessage-deflate']] as const
    using socket = await openWebSocket(lab.url, { fields })
    expect(socket).toBeInstanceOf(RawWebSocket)
    expect(socket.answer.headers('sec-websocket-extensions')).toEqual([])
  })
})
