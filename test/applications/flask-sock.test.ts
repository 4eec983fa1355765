import { once } from 'node:events'

import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { createDaemonBackend } from '../../src/backends/daemon/daemon-backend.ts'
import {
  labApplication,
  startLab,
  type BackendLab,
  type LabOptions,
} from '../support/backend-lab.ts'
import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import { OPCODE, openWebSocket } from '../support/web-socket-client.ts'
import { PYTHON } from './support/site.ts'

const FLASK = labApplication({ name: 'flask', target: 'wsgi_sockets.py:make_flask()' })

const start = (options: LabOptions = {}): Promise<BackendLab> =>
  startLab(createDaemonBackend, { python: PYTHON, applications: [FLASK], ...options })

describe('flask-sock', () => {
  test('carries messages, with its pings, and closes', async () => {
    await using lab = await start({ threads: 1 })
    const fields = [['Sec-WebSocket-Protocol', 'other, chat']] as const
    using socket = await openWebSocket(lab.url, { target: '/flask/echo', fields })
    expect(socket.answer.header('sec-websocket-protocol')).toBe('chat')
    for (const size of [0, 1, 125, 126, 70_000, 900_000]) {
      const data = Buffer.alloc(size, 'ab')
      socket.send(OPCODE.binary, data)
      const back = await socket.readMessage()
      expect([back.opcode, back.payload.equals(data)]).toEqual([OPCODE.binary, true])
    }
    socket.sendText('grüße €')
    expect((await socket.readMessage()).payload.toString()).toBe('grüße €')
    // It would close a socket whose pings are not answered.
    const begun = performance.now()
    await pollUntil(() => performance.now() - begun > 1500 || undefined, 'several pings')
    socket.sendText('close')
    expect(await socket.readClose()).toBe('4002 flask says so')
    socket.close(4002)
    using once = await openWebSocket(lab.url, { target: '/flask/once' })
    once.sendText('once')
    expect((await once.readMessage()).payload.toString()).toBe('once')
    expect(await once.readClose()).toBe('1000')
    expect((await fetchRaw(lab.url, '/flask/')).text).toBe('flask')
    expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('speaks with a client that compresses, and answers its close', async () => {
    await using lab = await start({ threads: 1 })
    const client = new WebSocket(`${lab.url.replace('http', 'ws')}/flask/echo`, 'chat')
    await once(client, 'open')
    expect([client.extensions, client.protocol]).toEqual(['permessage-deflate', 'chat'])
    client.send('grüße '.repeat(10_000))
    const [message] = await once(client, 'message')
    expect(String(message)).toBe('grüße '.repeat(10_000))
    client.close(3002, 'enough')
    expect(String(await once(client, 'close'))).toBe('3002,enough')
    await lab.waitForEntry('flask-3002')
  })

  test('hears what clients do: closes, losses, messages that are too big', async () => {
    await using lab = await start({ threads: 1 })
    using theirs = await openWebSocket(lab.url, { target: '/flask/echo' })
    theirs.close(3001, 'bye')
    await lab.waitForEntry('flask-3001')
    using lost = await openWebSocket(lab.url, { target: '/flask/echo' })
    lost.connection.destroy()
    await lab.waitForEntry('flask-1005')
    using big = await openWebSocket(lab.url, { target: '/flask/echo' })
    big.send(OPCODE.binary, Buffer.alloc(1_100_000))
    expect(await big.readClose()).toMatch(/^1009/)
    using crashed = await openWebSocket(lab.url, { target: '/flask/crash' })
    crashed.sendText('now')
    expect(await crashed.readClose()).toMatch(/^10(11|00)/)
    expect((await fetchRaw(lab.url, '/flask/')).text).toBe('flask')
  })

  test('hears that its worker ends', async () => {
    await using lab = await start({ threads: 1, timeouts: { shutdown: 0 } })
    using socket = await openWebSocket(lab.url, { target: '/flask/echo' })
    const over = lab.backend.stop()
    expect(await socket.readClose()).toMatch(/^1012/)
    socket.close(1012)
    await over
    expect(lab.journal()).toContain('flask-1012')
  })
})
