import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { DEADLINE } from '../support/deadlines.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** An SCGI server that says its name; `health` is the status for `/health`, 0: no answer. */
async function startServer(name: string) {
  const state = { health: 200, url: '', asked: 0 }
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (head) => {
      const isHealth = head.includes('/health')
      if (isHealth) state.asked += 1
      if (isHealth && state.health === 0) return
      const status = isHealth ? state.health : 200
      socket.end(`Status: ${status}\r\nContent-Type: text/plain\r\n\r\n${name}`)
    })
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  state.url = `scgi://127.0.0.1:${address.port}`
  return state
}

async function serveBoth(urls: readonly string[]) {
  const health = { path: '/health?deep=1', interval: '100ms', timeout: '200ms' }
  const server = await serve({
    routes: [{ path: '/', upstream: { urls: [...urls], balance: 'round-robin', health } }],
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
  })
  const [url = ''] = server.urls
  const ask = async (): Promise<string> => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(DEADLINE) })
    return answer.status === 200 ? await answer.text() : String(answer.status)
  }
  return {
    ask,
    names: async () => [...new Set([await ask(), await ask(), await ask()])].toSorted(),
    [Symbol.asyncDispose]: async () => await server.stop(),
  }
}

for (const [what, status] of [
  ['says that it is not well', 503],
  ['does not answer', 0],
] as const)
  test(`an address that ${what} gets no requests until it is healthy`, async () => {
    const a = await startServer('a')
    const b = await startServer('b')
    a.health = status
    await using gateway = await serveBoth([a.url, b.url])
    await expect.poll(gateway.names).toEqual(['b'])
    a.health = 200
    await expect.poll(gateway.names).toEqual(['a', 'b'])
  })

test('all addresses are tried while none is healthy', async () => {
  const a = await startServer('a')
  const b = await startServer('b')
  a.health = b.health = 500
  await using gateway = await serveBoth([a.url, b.url])
  await expect.poll(() => Math.min(a.asked, b.asked)).toBeGreaterThan(2)
  expect(await gateway.names()).toEqual(['a', 'b'])
})

test('nobody is asked any more after a stop', async () => {
  const a = await startServer('a')
  const gateway = await serveBoth([a.url])
  await expect.poll(() => a.asked).toBeGreaterThan(0)
  await gateway[Symbol.asyncDispose]()
  const { asked } = a
  await new Promise((resolve) => void setTimeout(resolve, 300))
  expect(a.asked).toBe(asked)
})
