import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import {
  fetchRaw,
  formatRequest,
  openRaw,
  sleep,
  type RawConnection,
} from '../support/raw-client.ts'

const APP = fileURLToPath(new URL('../fixtures/apps/hostile_recorder.py', import.meta.url))

let folder: string
let taipan: RunningTaipan

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taipan-limits-'))
  const config = {
    bind: ['127.0.0.1:0'],
    apps: { recorder: { target: APP } },
    routes: [{ path: '/', app: 'recorder' }],
    limits: {
      headerBytes: '2kb',
      headerCount: 20,
      targetBytes: '1kb',
      body: '10kb',
      connections: 12,
      requestsPerConnection: 5,
    },
    timeouts: { header: '600ms', body: '600ms', idle: '700ms' },
  }
  await writeFile(join(folder, 'taipan.config.json'), JSON.stringify(config))
  taipan = await startTaipan(['--config', 'taipan.config.json'], { cwd: folder })
})

afterAll(async () => {
  await taipan.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Sends bytes, and expects one refusal and the end of the connection. */
async function refusal(bytes: string | readonly string[]): Promise<number> {
  using connection = await openRaw(taipan.url)
  await connection.sendPieces(typeof bytes === 'string' ? [bytes] : bytes, 5)
  const responses = await connection.readUntilEnd()
  expect(responses).toHaveLength(1)
  expect(responses[0]?.headers('connection')).toEqual(['close'])
  expect(responses[0]?.complete).toBe(true)
  return responses[0]?.status ?? 0
}

describe('each limit has its status', () => {
  test('413: a body over the limit, announced or not', async () => {
    expect(await refusal('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10241\r\n\r\n')).toBe(413)
    const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`
    expect(
      await refusal([
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
        chunk.repeat(4),
      ]),
    ).toBe(413)
    expect(
      await refusal(
        'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999\r\n\r\n',
      ),
    ).toBe(413)
    const exact = await fetchRaw(taipan.url, { method: 'POST', body: 'x'.repeat(10_240) })
    expect(exact.status).toBe(200)
  })

  test('414: a target over the limit', async () => {
    expect(await refusal(`GET /${'x'.repeat(1100)} HTTP/1.1\r\nHost: a\r\n\r\n`)).toBe(414)
    expect(await refusal(`GET /?${'x'.repeat(1100)} HTTP/1.1\r\nHost: a\r\n\r\n`)).toBe(414)
    expect((await fetchRaw(taipan.url, `/${'x'.repeat(1000)}`)).status).toBe(200)
  })

  test('431: fields over the limit in bytes or number', async () => {
    expect(await refusal(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2100)}\r\n\r\n`)).toBe(431)
    expect(await refusal(`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(21)}\r\n`)).toBe(431)
    const headers = Array.from({ length: 15 }, (_, i) => [`X-${i}`, 'y'] as const)
    expect((await fetchRaw(taipan.url, { headers })).status).toBe(200)
  })

  test('408: a head, or a body, that does not arrive', async () => {
    expect(await refusal('GET / HTTP/1.1\r\nHost: a\r\nX: ')).toBe(408)
    expect(await refusal('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')).toBe(408)
    expect(
      await refusal('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel'),
    ).toBe(408)
  })

  test('a head that arrives too slowly is a 408, too', async () => {
    using connection = await openRaw(taipan.url)
    connection.send('GET / HTTP/1.1\r\nHost: a\r\nX: ')
    for (let i = 0; i < 200 && connection.received === 0; i++) {
      connection.send('x')
      await sleep(20)
    }
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.status)).toEqual([408])
  })

  test('an idle connection is closed without an answer', async () => {
    using fresh = await openRaw(taipan.url)
    using used = await openRaw(taipan.url)
    used.send(formatRequest())
    expect((await used.readFinalResponse()).status).toBe(200)
    await used.waitForEnd()
    expect(used.rest.length).toBe(0)
    await fresh.waitForEnd()
    expect([0, 408]).toContain(Number(/^HTTP\/1.1 (\d+)/.exec(fresh.rest.toString())?.[1] ?? 0))
  })

  test('the last request of a connection gets Connection: close', async () => {
    using connection = await openRaw(taipan.url)
    connection.send(formatRequest().toString('latin1').repeat(8))
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.status)).toEqual([200, 200, 200, 200, 200])
    expect(responses.map((response) => response.header('connection') === 'close')).toEqual([
      false,
      false,
      false,
      false,
      true,
    ])
  })

  test('503: connections over the limit, while others continue', async () => {
    const held: RawConnection[] = []
    try {
      for (let i = 0; i < 12; i++) held.push(await openRaw(taipan.url))
      using over = await openRaw(taipan.url)
      over.send(formatRequest())
      const responses = await over.readUntilEnd()
      expect(responses.map((response) => response.status)).toEqual([503])
      expect(responses[0]?.header('connection')).toBe('close')
      const one = held[0]
      one?.send(formatRequest())
      expect((await one?.readFinalResponse())?.status).toBe(200)
    } finally {
      for (const connection of held) connection.destroy()
    }
  })
})
