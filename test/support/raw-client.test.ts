import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { openRaw, type RawConnection } from './raw-client.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

/** A connection to a server that sends these pieces one by one, and then closes. */
async function receive(pieces: readonly string[]): Promise<RawConnection> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const send = ([piece, ...others]: readonly string[]): void => {
      if (piece === undefined) socket.end()
      // Written only after the previous piece has left, so that they arrive as pieces.
      else socket.write(piece, () => setImmediate(send, others))
    }
    send(pieces)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const connection = await openRaw(`http://127.0.0.1:${port}`)
  server.close()
  return connection
}

test('answers that arrive byte by byte are read, one after the other', async () => {
  const text = `${HEAD}3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi`
  using connection = await receive(text.split(''))
  const first = await connection.readResponse()
  expect(first).toMatchObject({
    text: 'abc0123456789',
    complete: true,
    trailers: [['X-Sum', '13']],
  })
  expect((await connection.readResponse()).text).toBe('hi')
  // Answers that were returned stay unchanged.
  expect(first.text).toBe('abc0123456789')
})

test('a large body in many chunks is read', async () => {
  const piece = `2710\r\n${'x'.repeat(10_000)}\r\n`
  using connection = await receive([
    HEAD,
    ...Array.from({ length: 1000 }, () => piece),
    '0\r\n\r\n',
  ])
  const response = await connection.readResponse()
  expect([response.complete, response.body.length]).toEqual([true, 10_000_000])
})

test('truncated chunks make an incomplete answer with the available bytes', async () => {
  using connection = await receive([HEAD, '3\r\nabc\r\n', '5\r\nde'])
  expect(await connection.readResponse()).toMatchObject({ text: 'abcde', complete: false })
})
