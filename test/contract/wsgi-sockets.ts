import { describe, expect, test } from 'vitest'

import type { BackendFactory, BackendLab, LabOptions } from '../support/backend-lab.ts'
import { labApplication, startLab } from '../support/backend-lab.ts'
import { fetchRaw, openRaw, pollUntil } from '../support/raw-client.ts'
import {
  finishHandshake,
  formatHandshake,
  OPCODE,
  openWebSocket,
} from '../support/web-socket-client.ts'

const LAB = labApplication({ target: 'wsgi_sockets.py' })

/** How clients come to a lab. */
export interface SocketWay {
  readonly adapt: (lab: BackendLab) => Promise<BackendLab>
  /** Status of a response of success that does not open the WebSocket. */
  readonly unopened: number
}

const DIRECT: SocketWay = { adapt: (lab) => Promise.resolve(lab), unopened: 200 }

/** Tests of WebSockets of WSGI applications, for backends with threads. */
export function describeWsgiSockets(
  name: string,
  createBackend: BackendFactory,
  { adapt, unopened }: SocketWay = DIRECT,
): void {
  const start = async (options: LabOptions = {}): Promise<BackendLab> =>
    await adapt(await startLab(createBackend, { applications: [LAB], ...options }))

  describe(`${name}: WebSockets of WSGI`, () => {
    test('carry text and bytes in both directions, of any size', async () => {
      await using lab = await start({ threads: 1 })
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
      socket.sendText('thread')
      expect((await socket.readMessage()).payload.toString()).toBe('from a thread')
      socket.close(1000)
      await lab.waitForEntry('disconnect-1000')
      // Its thread serves requests again.
      expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello False')
    })

    test('have subprotocols, fields and time limits; blocks beside them are dropped', async () => {
      await using lab = await start({ threads: 1 })
      const fields = [['Sec-WebSocket-Protocol', 'one, two']] as const
      using chosen = await openWebSocket(lab.url, { target: '/lab/protocol', fields })
      expect(chosen.answer.header('sec-websocket-protocol')).toBe('two')
      expect(chosen.answer.header('x-lab')).toBe('yes')
      expect((await chosen.readMessage()).payload.toString()).toBe('one,two two')
      expect(await chosen.readClose()).toBe('1000')
      using timed = await openWebSocket(lab.url, { target: '/lab/timeout' })
      expect((await timed.readMessage()).payload.toString()).toBe('nothing came')
      timed.sendText('end')
      expect(await timed.readClose()).toBe('1000')
      using generator = await openWebSocket(lab.url, { target: '/lab/generator' })
      generator.sendText('first')
      expect((await generator.readMessage()).payload.toString()).toBe('first')
      expect((await generator.readMessage()).payload.toString()).toBe('after a block')
      using twice = await openWebSocket(lab.url, { target: '/lab/twice' })
      expect((await twice.readMessage()).payload.toString()).toMatch(/accepted already/)
    })

    test('are denied by a response, and not accepted after one', async () => {
      await using lab = await start({ threads: 1 })
      for (const [target, status, answer] of [
        ['/lab/deny', 418, 'no sockets'],
        ['/lab/late', unopened, 'answered the handshake was answered by a response already'],
        ['/lab/hello', unopened, 'hello True'],
      ] as const) {
        using connection = await openRaw(lab.url)
        connection.send(formatHandshake({ target }))
        const response = await connection.readFinalResponse()
        expect([response.status, response.text]).toEqual([status, answer])
      }
    })

    test('close with the code of either side, and the thread lives on', async () => {
      await using lab = await start({ threads: 1 })
      {
        using ours = await openWebSocket(lab.url, { target: '/lab/echo' })
        ours.sendText('close')
        expect(await ours.readClose()).toBe('4001 as asked')
        await lab.waitForEntry('disconnect-4001')
      }
      using theirs = await openWebSocket(lab.url, { target: '/lab/echo' })
      theirs.close(3000, 'bye')
      await lab.waitForEntry('disconnect-3000')
      using lost = await openWebSocket(lab.url, { target: '/lab/echo' })
      lost.connection.destroy()
      await lab.waitForEntry('disconnect-1006')
      using crashed = await openWebSocket(lab.url, { target: '/lab/crash' })
      crashed.sendText('now')
      expect(await crashed.readClose()).toMatch(/^1011/)
      await lab.waitForRecord(/LookupError: a crash of the application/)
      expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello False')
      expect(lab.records.filter(({ level }) => level === 'error')).toHaveLength(1)
    })

    test('hold a thread, and no time limit of requests', async () => {
      await using lab = await start({ threads: 1, timeouts: { request: 200 }, queue: { limit: 1 } })
      using socket = await openWebSocket(lab.url, { target: '/lab/echo' })
      const waiting = fetchRaw(lab.url, '/lab/hello')
      await pollUntil(() => lab.exchanges.length === 2 || undefined, 'the request to arrive')
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(503)
      const begun = performance.now()
      await pollUntil(() => performance.now() - begun > 800 || undefined, 'time to pass')
      socket.sendText('still')
      expect((await socket.readMessage()).payload.toString()).toBe('still')
      socket.close(1000)
      expect((await waiting).text).toBe('hello False')
    })

    test('block the application if the client does not read, and the client if the application does not', async () => {
      await using lab = await start({ threads: 2 })
      using flooded = await openWebSocket(lab.url, { target: '/lab/flood' })
      flooded.connection.pause()
      flooded.discard()
      await lab.waitForEntry('sent-0')
      let before = 0
      await pollUntil(async () => {
        const now = lab.journal().length
        await new Promise((resolve) => {
          setTimeout(resolve, 100)
        })
        const isStill = now === before
        before = now
        return isStill || undefined
      }, 'the sender to wait')
      expect(lab.journal()).not.toContain('flooded')
      using silent = await openWebSocket(lab.url, { target: '/lab/silent' })
      const piece = Buffer.alloc(50_000)
      for (let i = 0; i < 400; i++) silent.send(OPCODE.binary, piece)
      await lab.waitForEntry('silent')
      expect(silent.connection.socket.writableLength).toBeGreaterThan(5_000_000)
      lab.openGate('speak')
      silent.sendText('end')
      expect((await silent.readMessage()).payload.toString()).toBe('20000000')
      flooded.connection.resume()
      await lab.waitForEntry('flooded')
    })

    test.each(['reload', 'stop'] as const)('are closed with 1012 on a %s, at once', async (how) => {
      await using lab = await start({ timeouts: { shutdown: 0 } })
      using own = await openWebSocket(lab.url, { target: '/lab/echo' })
      const over = lab.backend[how]()
      expect(await own.readClose()).toMatch(/^1012/)
      own.close(1012)
      await over
      await lab.waitForEntry('disconnect-1012')
      if (how === 'stop') return
      using next = await openWebSocket(lab.url, { target: '/lab/echo' })
      next.sendText('new')
      expect((await next.readMessage()).payload.toString()).toBe('new')
    })

    test('wait in the queue like requests', async () => {
      await using lab = await start({ threads: 1 })
      using first = await openWebSocket(lab.url, { target: '/lab/echo' })
      const connection = await openRaw(lab.url)
      connection.send(formatHandshake({ target: '/lab/echo' }))
      await pollUntil(() => lab.exchanges.length === 2 || undefined, 'the handshake to arrive')
      first.close(1000)
      using second = await finishHandshake(connection)
      second.sendText('late')
      expect((await second.readMessage()).payload.toString()).toBe('late')
    })
  })
}
