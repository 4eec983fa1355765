import { once } from 'node:events'

import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'

import { interceptInflate, type Inflated } from '../../../src/fronts/web-socket/ws-internals.ts'

// Checks the undocumented parts of `ws` that are used.

interface Pair extends AsyncDisposable {
  readonly served: WebSocket
  readonly client: WebSocket
}

async function connectPair(perMessageDeflate: boolean): Promise<Pair> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate })
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const connected = once(server, 'connection')
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: true })
  await once(client, 'open')
  const [served]: WebSocket[] = await connected
  if (served === undefined) throw new Error('no connection')
  const close = async (): Promise<void> => {
    client.terminate()
    served.terminate()
    await new Promise((resolve) => server.close(resolve))
  }
  return { served, client, [Symbol.asyncDispose]: close }
}

test('a compressed frame waits at the gate, and the next one after it', async () => {
  await using pair = await connectPair(true)
  const held: { readonly data: Buffer; readonly last: boolean; readonly done: Inflated }[] = []
  const inflate = interceptInflate(pair.served, (data, last, done) =>
    held.push({ data, last, done }),
  )
  const messages: string[] = []
  pair.served.on('message', (data) => messages.push(Buffer.isBuffer(data) ? data.toString() : ''))
  pair.client.send('a'.repeat(5000))
  pair.client.send('b'.repeat(5000))
  const failed = new Promise((resolve) => pair.served.once('error', resolve))
  while (held.length < 1) await new Promise((resolve) => setImmediate(resolve))
  const [first] = held
  expect(first?.data.length).toBeLessThan(5000)
  expect(first?.last).toBe(true)
  expect(messages).toEqual([])
  if (first !== undefined) inflate?.(first.data, first.last, first.done)
  await once(pair.served, 'message')
  expect(messages).toEqual(['a'.repeat(5000)])
  while (held.length < 2) await new Promise((resolve) => setImmediate(resolve))
  held[1]?.done(new Error('given up'))
  expect(String(await failed)).toContain('given up')
  expect(messages).toHaveLength(1)
})

test('without compression there is no gate', async () => {
  await using pair = await connectPair(false)
  expect(interceptInflate(pair.served, () => {})).toBeUndefined()
})

test('a version that decompresses differently is detected at once', async () => {
  await using pair = await connectPair(true)
  Reflect.set(pair.served, '_extensions', { 'permessage-deflate': { cleanup: () => {} } })
  expect(() => interceptInflate(pair.served, () => {})).toThrow('no "decompress"')
})
