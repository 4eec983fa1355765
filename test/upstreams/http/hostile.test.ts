import { expect, test } from 'vitest'
import type { RawResponse } from '../../support/raw-client.ts'
import { startHttpLab } from './support/http-lab.ts'
import { END, RESET, startRawServer, type Step } from './support/raw-server.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'
const PAUSE = 5

/** What the client gets: a status, `cut` behind it if the body is not whole, or nothing before the connection ends. */
async function ask(...steps: readonly Step[]): Promise<{ seen: string; response: RawResponse }> {
  await using server = await startRawServer(...steps)
  await using lab = await startHttpLab([server.port])
  const response = await lab.ask(GET)
  return { seen: `${response.status}${response.complete ? '' : ' cut'}`, response }
}

const head = (...lines: readonly string[]): string =>
  `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const chunked = (body: string): string => head('Transfer-Encoding: chunked') + body

const BAD: readonly (readonly [string, readonly Step[]])[] = [
  ['no answer', [END]],
  ['a reset', [RESET]],
  ['half a head', ['HTTP/1.1 200 OK\r\nContent-Le', END]],
  ['another protocol', ['220 mail.test ESMTP\r\n']],
  ['HTTP/0.9', ['<html>hello', END]],
  ['HTTP/2', ['HTTP/2 200 OK\r\n\r\n']],
  ['status 99', ['HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n']],
  ['status 0', ['HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n']],
  ['status 600', ['HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n']],
  ['status 999', ['HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n']],
  ['a status of two digits', ['HTTP/1.1 20 No\r\nContent-Length: 0\r\n\r\n']],
  ['101 that nobody asked for', ['HTTP/1.1 101 Switching Protocols\r\n\r\n', OK]],
  [
    '101 with an upgrade',
    ['HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ],
  ['an interim response at the end', ['HTTP/1.1 102 Processing\r\n\r\n', END]],
  ['an unknown interim response', ['HTTP/1.1 199 Odd\r\n\r\n', OK]],
  ['a hundred 100s', ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(100), OK]],
  ['a thousand 102s', ['HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000), OK]],
  [
    'both codings',
    [head('Content-Length: 2', 'Transfer-Encoding: chunked') + '2\r\nok\r\n0\r\n\r\n'],
  ],
  ['both codings, turned', [head('Transfer-Encoding: chunked', 'Content-Length: 2') + 'ok']],
  ['two lengths', [head('Content-Length: 2', 'Content-Length: 3') + 'ok']],
  ['the same length twice', [head('Content-Length: 2', 'Content-Length: 2') + 'ok']],
  ['a list of lengths', [head('Content-Length: 2, 2') + 'ok']],
  ['a signed length', [head('Content-Length: +2') + 'ok']],
  ['a negative length', [head('Content-Length: -2') + 'ok']],
  ['another coding', [head('Transfer-Encoding: gzip, chunked') + '2\r\nok\r\n0\r\n\r\n']],
  ['no coding by that name', [head('Transfer-Encoding: identity') + 'ok', END]],
  ['lines that end with LF', ['HTTP/1.1 200 OK\nContent-Length: 2\n\nok']],
  ['a line that ends with LF', ['HTTP/1.1 200 OK\r\nX: y\nContent-Length: 2\r\n\r\nok']],
  ['a line that ends with CR', [head('X: a\rY: b', 'Content-Length: 2') + 'ok']],
  ['a folded line', [head('X: a\r\n b', 'Content-Length: 2') + 'ok']],
  ['a line that begins folded', [head('X:\r\n b', 'Content-Length: 2') + 'ok']],
  ['NUL', [head('X: a\0b', 'Content-Length: 2') + 'ok']],
  ['DEL', [head('X: a\x7fb', 'Content-Length: 2') + 'ok']],
  ['a space before the colon', [head('X : a', 'Content-Length: 2') + 'ok']],
  ['no colon', [head('Xyz', 'Content-Length: 2') + 'ok']],
  ['no name', [head(': a', 'Content-Length: 2') + 'ok']],
  ['a field over the limit', [head(`X: ${'a'.repeat(70_000)}`, 'Content-Length: 2') + 'ok']],
  ['too many fields', [head(...Array.from({ length: 40_000 }, () => 'X: a')) + 'ok']],
]

test.each(BAD)('%s is a 502', async (_name, steps) => {
  expect((await ask(...steps)).seen).toBe('502')
})

const CUT: readonly (readonly [string, readonly Step[]])[] = [
  ['a body that is too short', [head('Content-Length: 10') + 'ok', PAUSE, END]],
  ['a reset within a body of known length', [head('Content-Length: 10') + 'ok', PAUSE, RESET]],
  ['a reset within a body without a length', [head() + 'ok', PAUSE, RESET]],
  ['a reset within a chunked body', [chunked('2\r\nok\r\n'), PAUSE, RESET]],
  ['no last chunk', [chunked('2\r\nok\r\n'), PAUSE, END]],
  ['a chunk without a size', [chunked('2\r\nok\r\n'), PAUSE, 'zz\r\nok\r\n0\r\n\r\n']],
  ['a chunk that is too long', [chunked('2\r\nok\r\n'), PAUSE, '2\r\nokay\r\n0\r\n\r\n']],
  ['a chunk size beyond all bounds', [chunked('2\r\nok\r\n'), PAUSE, `${'f'.repeat(40)}\r\n`]],
]

test.each(CUT)('%s cuts the answer', async (_name, steps) => {
  const { seen, response } = await ask(...steps)
  expect(seen).toBe('200 cut')
  expect(response.text).toMatch(/^(?:ok)+$/)
})

const GOOD: readonly (readonly [string, readonly Step[], string])[] = [
  ['a 100 that nobody asked for', ['HTTP/1.1 100 Continue\r\n\r\n', OK], 'ok'],
  ['three of them at once', ['HTTP/1.1 100 Continue\r\nX: y\r\n\r\n'.repeat(3) + OK], 'ok'],
  ['one in pieces', ['HTTP/1.1 1', PAUSE, '00 Con', PAUSE, 'tinue\r\n\r', PAUSE, `\n${OK}`], 'ok'],
  ['102', ['HTTP/1.1 102 Processing\r\n\r\n', PAUSE, OK], 'ok'],
  ['slow bytes', Array.from(OK, (byte) => [byte, 1]).flat(), 'ok'],
  ['a body until the end', [head('X: y') + 'o', PAUSE, 'k', END], 'ok'],
  ['HTTP/1.0', ['HTTP/1.0 200 OK\r\nX: y\r\n\r\nok', END], 'ok'],
  ['extensions of chunks', [chunked('2;a=b\r\nok\r\n0\r\n\r\n')], 'ok'],
  ['bytes behind the answer', [`${OK}${head('Content-Length: 4')}evil`], 'ok'],
]

test.each(GOOD)('%s is an answer', async (_name, steps, text) => {
  const { seen, response } = await ask(...steps)
  expect(seen).toBe('200')
  expect(response.text).toBe(text)
})

test('fields arrive as they were sent, without those of the connection', async () => {
  const { response } = await ask(
    head(
      'X-Empty:',
      'X-Spaces:   a b \t',
      'X-None:a',
      'Set-Cookie: a=1',
      'Connection: keep-alive, X-Secret',
      'X-Secret: s',
      'Keep-Alive: timeout=5',
      'Set-Cookie: b=2',
      'X-Text: a\xe9b',
      'Upgrade: h2c',
      'Proxy-Authenticate: Basic',
      'Trailer: X-T',
      'Content-Length: 2',
    ) + 'ok',
  )
  const own = response.fields.filter(([name]) => name !== 'Date' && name !== 'Server')
  expect(own).toEqual([
    ['X-Empty', ''],
    ['X-Spaces', 'a b'],
    ['X-None', 'a'],
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
    ['X-Text', 'a\xe9b'],
    ['Content-Length', '2'],
  ])
})

test('every byte of a name and of a value is passed on as it is, or refused', async () => {
  await using server = await startRawServer()
  await using lab = await startHttpLab([server.port])
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
  for (const byte of bytes) {
    server.answer(head(`X-Value: a${byte}b`, 'Content-Length: 0'))
    const value = await lab.ask(GET)
    const isValue = /[\t\x20-\x7e\x80-\xff]/.test(byte)
    expect([byte, value.status]).toEqual([byte, isValue ? 200 : 502])
    if (isValue) expect(value.header('X-Value')).toBe(`a${byte}b`)
    server.answer(head(`X${byte}Name: a`, 'Content-Length: 0'))
    const name = await lab.ask(GET)
    const isName = /[\w!#$%&'*+\-.^`|~:]/.test(byte)
    expect([byte, name.status]).toEqual([byte, isName ? 200 : 502])
    if (isName && byte !== ':') expect(name.header(`X${byte}Name`)).toBe('a')
  }
})

test.each([
  [204, 'No Content'],
  [304, 'Not Modified'],
])('a %i with a Content-Length has no body', async (status, reason) => {
  const { response } = await ask(`HTTP/1.1 ${status} ${reason}\r\nContent-Length: 5\r\n\r\n`)
  expect(response).toMatchObject({ status, reason, complete: true, text: '' })
})

test('bytes on an idle connection reach no other request', async () => {
  await using server = await startRawServer()
  await using lab = await startHttpLab([server.port])
  server.behaviour = (socket) => {
    socket.write(OK)
    setTimeout(() => socket.write(head('Content-Length: 4') + 'evil'), PAUSE)
  }
  expect((await lab.ask(GET)).text).toBe('ok')
  await expect.poll(() => server.open).toBe(0)
  expect((await lab.ask(GET)).text).toBe('ok')
  expect(server.received).toHaveLength(2)
})

test('103 reaches the client', async () => {
  await using server = await startRawServer(HINTS, PAUSE, OK)
  await using lab = await startHttpLab([server.port])
  using client = await lab.connect()
  client.send(GET)
  const hints = await client.readResponse()
  expect([hints.status, hints.header('Link')]).toEqual([103, '</a.css>; rel=preload'])
  expect((await client.readResponse()).text).toBe('ok')
})
