import { describe, expect, test } from 'vitest'

import { limitConnections } from '../support/descriptors.ts'
import { fetchRaw, openRaw, pollUntil } from '../support/raw-client.ts'
import type { RawWebSocket } from '../support/web-socket-client.ts'
import {
  finishHandshake,
  formatHandshake,
  OPCODE,
  openWebSocket,
} from '../support/web-socket-client.ts'
import type { AsgiLabs } from './asgi-labs.ts'
import { fetchText } from './asgi-labs.ts'

const MANY = limitConnections(1000)

/** Tests of WebSockets of ASGI applications. */
export function describeAsgiSockets(name: string, { start }: AsgiLabs): void {
  describe(`${name}: WebSockets`, () => {
    test('carry text and bytes in both directions, of any size', async () => {
      await using lab = await start()
      using socket = await openWebSocket(lab.url, { target: '/lab/echo' })
      for (const size of [0, 1, 5000, 70_000, 900_000]) {
        const data = Buffer.alloc(size, 'ab')
        socket.send(OPCODE.binary, data)
        const back = await socket.readMessage()
        expect([back.opcode, back.payload.equals(data)]).toEqual([OPCODE.binary, true])
      }
      socket.sendText('grüße €')
      const back = await socket.readMessage()
      expect([back.opcode, back.payload.toString()]).toEqual([OPCODE.text, 'grüße €'])
    })

    test('have subprotocols, fields and the state of the lifespan', async () => {
      await using lab = await start()
      const fields = [
        ['Sec-WebSocket-Protocol', 'one, two'],
        ['Sec-WebSocket-Protocol', 'three'],
      ] as const
      using chosen = await openWebSocket(lab.url, { target: '/lab/protocol', fields })
      expect(chosen.answer.header('sec-websocket-protocol')).toBe('three')
      expect(chosen.answer.header('x-lab')).toBe('yes')
      expect((await chosen.readMessage()).payload.toString()).toBe('one,two,three')
      using socket = await openWebSocket(lab.url, { target: '/lab/state' })
      expect((await socket.readMessage()).payload.toString()).toBe(
        'ws /lab/state from the lifespan',
      )
    })

    test('are denied with 403, or with the response of the application', async () => {
      await using lab = await start()
      for (const [target, status, answer] of [
        ['/lab/deny', 403, ''],
        ['/lab/deny-with-page', 418, 'no sockets'],
      ] as const) {
        using connection = await openRaw(lab.url)
        connection.send(formatHandshake({ target }))
        const response = await connection.readFinalResponse()
        expect(response.status).toBe(status)
        expect(response.text).toContain(answer)
      }
    })

    test('close with the code of either side', async () => {
      await using lab = await start()
      using ours = await openWebSocket(lab.url, { target: '/lab/echo' })
      ours.sendText('close')
      expect(await ours.readClose()).toBe('4001 as asked')
      ours.close(4001)
      await lab.waitForEntry('disconnect-4001')
      using theirs = await openWebSocket(lab.url, { target: '/lab/echo' })
      theirs.close(3000, 'bye')
      await lab.waitForEntry('disconnect-3000')
      using plain = await openWebSocket(lab.url, { target: '/lab/echo' })
      plain.send(OPCODE.close)
      await lab.waitForEntry('disconnect-1005')
      using lost = await openWebSocket(lab.url, { target: '/lab/echo' })
      lost.connection.destroy()
      await lab.waitForEntry('disconnect-1006')
      using crashed = await openWebSocket(lab.url, { target: '/lab/crash' })
      crashed.sendText('now')
      expect(await crashed.readClose()).toMatch(/^1011/)
    })

    test('block the application if the client does not read, and the client if the application does not', async () => {
      await using lab = await start()
      using flooded = await openWebSocket(lab.url, { target: '/lab/flood?n=3000' })
      flooded.connection.pause()
      flooded.discard()
      const before = await pollUntil(async () => {
        const sent = await fetchText(lab, '/lab/flooded')
        await new Promise((resolve) => {
          setTimeout(resolve, 50)
        })
        return sent === (await fetchText(lab, '/lab/flooded')) ? Number(sent) : undefined
      }, 'the sender to wait')
      expect(before).toBeLessThan(2000)
      using silent = await openWebSocket(lab.url, { target: '/lab/silent' })
      const piece = Buffer.alloc(50_000)
      for (let i = 0; i < 400; i++) silent.send(OPCODE.binary, piece)
      await lab.waitForEntry('gate-silent')
      await new Promise((resolve) => {
        setTimeout(resolve, 200)
      })
      expect(silent.connection.socket.writableLength).toBeGreaterThan(5_000_000)
      lab.openGate('silent')
      silent.sendText('end')
      expect((await silent.readMessage()).payload.toString()).toBe('400 20000000')
      flooded.connection.resume()
      await flooded.connection.waitUntil(
        () => flooded.connection.received > 30_000_000,
        'all messages',
      )
    })

    test(`${MANY} at once`, async () => {
      await using lab = await start({ concurrency: MANY + 500 })
      const sockets: RawWebSocket[] = []
      while (sockets.length < MANY)
        sockets.push(
          ...(await Promise.all(
            Array.from({ length: Math.min(100, MANY - sockets.length) }, () =>
              openWebSocket(lab.url, { target: '/lab/echo' }),
            ),
          )),
        )
      for (const [i, socket] of sockets.entries()) socket.sendText(`socket ${i}`)
      for (const [i, socket] of sockets.entries())
        expect((await socket.readMessage()).payload.toString()).toBe(`socket ${i}`)
      expect(lab.backend.capacity.idle).toBe(500)
      expect(await fetchText(lab, '/lab/hello')).toBe('hello')
      for (const socket of sockets) socket.close(1000)
      await lab.waitForEntry('disconnect-1000', MANY)
      for (const socket of sockets) socket[Symbol.dispose]()
      await pollUntil(
        () => lab.backend.capacity.idle === MANY + 500 || undefined,
        'all streams to end',
      )
    })

    test('are closed with 1012 on a reload, at once, and new ones are served by the new code', async () => {
      await using lab = await start()
      using old = await openWebSocket(lab.url, { target: '/lab/echo' })
      await lab.backend.reload()
      expect(await old.readClose()).toMatch(/^1012/)
      old.close(1012)
      await lab.waitForEntry('disconnect-1012')
      using next = await openWebSocket(lab.url, { target: '/lab/echo' })
      next.sendText('new')
      expect((await next.readMessage()).payload.toString()).toBe('new')
    })

    test('are closed with 1012 on a stop, also when they do not answer', async () => {
      await using lab = await start({ timeouts: { shutdown: 3000 } })
      using polite = await openWebSocket(lab.url, { target: '/lab/echo' })
      using mute = await openWebSocket(lab.url, { target: '/lab/echo' })
      const stopping = lab.backend.stop()
      expect(await polite.readClose()).toMatch(/^1012/)
      polite.close(1012)
      expect(await mute.readClose()).toMatch(/^1012/)
      await stopping
      expect(lab.journal().at(-1)).toBe('shutdown')
      expect(lab.journal().filter((entry) => entry.startsWith('disconnect'))).toHaveLength(2)
    })

    test('wait in the queue like requests', async () => {
      await using lab = await start({ concurrency: 1, queue: { limit: 1 } })
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      const connection = await openRaw(lab.url)
      connection.send(formatHandshake({ target: '/lab/echo' }))
      await pollUntil(() => lab.exchanges.length === 2 || undefined, 'the handshake to arrive')
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(503)
      lab.openGate('g')
      await running
      using socket = await finishHandshake(connection)
      socket.sendText('late')
      expect((await socket.readMessage()).payload.toString()).toBe('late')
    })
  })

  describe(`${name}: WebSockets with \`cancelOnDisconnect\``, () => {
    test.each(['undecided', 'forever'])(
      'are cancelled when the connection is lost: %s',
      async (target) => {
        await using lab = await start({ cancelOnDisconnect: true })
        const connection = await openRaw(lab.url)
        connection.send(formatHandshake({ target: `/lab/${target}` }))
        await lab.waitForEntry(target)
        connection.reset()
        await lab.waitForEntry('cancelled')
        expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
      },
    )

    test('are not cancelled when the client closes them', async () => {
      await using lab = await start({ cancelOnDisconnect: true })
      using socket = await openWebSocket(lab.url, { target: '/lab/echo' })
      socket.close(4000)
      await lab.waitForEntry('disconnect-4000')
    })
  })
}
