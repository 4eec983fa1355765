import { expect, test } from 'vitest'
import { serve } from '../../../src/index.ts'
import { describePeer } from '../../support/peers/describe-peer.ts'
import { gunicorn, uvicorn } from '../../support/peers/python.ts'
import { openRaw } from '../../support/raw-client.ts'
import { formatHandshake, OPCODE, openWebSocket } from '../../support/web-socket-client.ts'

async function serveBefore(upstream: string) {
  const routes = [{ path: '/m', upstream }]
  const server = await serve({ routes, bind: '127.0.0.1:0', log: { level: 'silent' } })
  const [url = ''] = server.urls
  return { url, [Symbol.asyncDispose]: async () => await server.stop() }
}

describePeer(uvicorn, { protocol: 'http', unix: true }, (current) => {
  test('WebSockets pass through', async () => {
    await using gateway = await serveBefore(current().place.url)
    using client = await openWebSocket(gateway.url, {
      target: '/m/talk',
      fields: [['Sec-WebSocket-Protocol', 'first, second']],
    })
    expect(client.answer.header('Sec-WebSocket-Protocol')).toBe('first')
    client.sendText('hello')
    client.send(OPCODE.binary, Buffer.alloc(100_000, 'x'))
    expect((await client.readMessage()).payload.toString()).toBe('hello')
    expect((await client.readMessage()).payload).toHaveLength(100_000)
    client.sendText('4321')
    expect(await client.readClose()).toBe('4321 as asked')
  })

  test('a WebSocket that is refused gets the answer of the server', async () => {
    await using gateway = await serveBefore(current().place.url)
    using client = await openRaw(gateway.url)
    client.send(formatHandshake({ target: '/m/refused' }))
    expect((await client.readResponse()).status).toBe(403)
  })

  test('pieces of an answer arrive when they are sent', async () => {
    await using gateway = await serveBefore(current().place.url)
    using client = await openRaw(gateway.url)
    client.send('GET /m/slow?seconds=1 HTTP/1.1\r\nHost: t\r\n\r\n')
    await client.waitUntil(() => client.rest.includes('first'), 'the first piece')
    expect(client.rest.includes('second')).toBe(false)
    expect((await client.readFinalResponse()).text).toBe('first\nsecond\n')
  })
})

describePeer(gunicorn, { protocol: 'http' }, (current) => {
  test('an upload that is not read is answered', async () => {
    await using gateway = await serveBefore(current().place.url)
    for (let round = 0; round < 5; round++) {
      using client = await openRaw(gateway.url)
      const size = 16 << 20
      client.send(`POST /m/unread HTTP/1.1\r\nHost: t\r\nContent-Length: ${size}\r\n\r\n`)
      client.send(Buffer.alloc(size))
      expect((await client.readFinalResponse()).status).toBe(413)
    }
  })
})
