import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { afterAll, describe, expect, test } from 'vitest'

import { createResponseHead } from '../../../src/core/response-head.ts'
import { DEADLINE } from '../../support/deadlines.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'
import { echo, nameRequest, startLab } from '../support/front-lab.ts'

const folder = mkdtempSync(join(tmpdir(), 'taipan-front-'))
const HOST = 'Host: a.test\r\n'

afterAll(() => rmSync(folder, { recursive: true }))

describe('deadlines', () => {
  test.each([
    ['nothing', ''],
    ['half a head', `GET / HTTP/1.1\r\n${HOST}`],
  ])('a client that sends %s gets an answer', async (_name, bytes) => {
    await using lab = await startLab(nameRequest, { timeouts: { header: 100 } })
    using connection = await openRaw(lab.url)
    connection.send(bytes)
    const [response] = await connection.readUntilEnd()
    expect(response?.status).toBe(408)
    expect(response?.header('Connection')).toBe('close')
  })

  test('a head that arrives in bytes gets no extra time', async () => {
    await using lab = await startLab(nameRequest, { timeouts: { header: 150, idle: 60_000 } })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest())
    await connection.readResponse()
    const drip = setInterval(() => connection.send('G'), 20)
    const responses = await connection.readUntilEnd()
    clearInterval(drip)
    expect(responses.map((response) => [400, 408].includes(response.status))).toEqual([true])
  })

  test('an idle connection is closed without an answer', async () => {
    await using lab = await startLab(nameRequest, { timeouts: { idle: 100, header: 60_000 } })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest())
    await connection.readResponse()
    expect(await connection.readUntilEnd()).toEqual([])
    expect(connection.error).toBeUndefined()
  })

  test('a body that stops is a 408, one that continues slowly is not', async () => {
    await using lab = await startLab(echo, { timeouts: { body: 200 } })
    using stuck = await openRaw(lab.url)
    stuck.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nhello`)
    expect((await stuck.readUntilEnd()).map((response) => response.status)).toEqual([408])
    expect(lab.exchanges[0]?.body.error).toMatchObject({ code: 'REQUEST_TIMEOUT' })
    using slow = await openRaw(lab.url)
    slow.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\n`)
    await slow.sendPieces('helloworld'.split(''), 50)
    expect((await slow.readResponse()).text).toBe('helloworld')
  })

  test('a body that was not requested has no deadline', async () => {
    await using lab = await startLab((exchange) => setTimeout(() => echo(exchange), 300), {
      timeouts: { body: 50 },
    })
    using connection = await openRaw(lab.url)
    connection.send(`POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`)
    expect((await connection.readResponse()).status).toBe(100)
    connection.send('ok')
    expect((await connection.readResponse()).text).toBe('ok')
  })

  test('a client that reads nothing of its answer is disconnected', async () => {
    await using lab = await startLab(
      ({ response }) => response.send(createResponseHead(200, []), Buffer.alloc(32 << 20)),
      { timeouts: { send: 200 } },
    )
    using connection = await openRaw(lab.url)
    connection.pause()
    connection.send(formatRequest())
    await pollUntil(() => lab.outcomes[0], 'the cut')
    expect(lab.outcomes[0]).toMatchObject({ error: { code: 'CLIENT_DISCONNECTED' } })
  })
})

describe('limits', () => {
  test('requests of a connection are counted', async () => {
    await using lab = await startLab(nameRequest, { limits: { requestsPerConnection: 2 } })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest().toString().repeat(3))
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.header('Connection'))).toEqual([undefined, 'close'])
  })

  test('connections over the limit get 503 with Retry-After', async () => {
    await using lab = await startLab(nameRequest, { limits: { connections: 2 } })
    using one = await openRaw(lab.url)
    using two = await openRaw(lab.url)
    for (const connection of [one, two]) {
      connection.send(formatRequest())
      await connection.readResponse()
    }
    using three = await openRaw(lab.url)
    three.send(formatRequest())
    const [response] = await three.readUntilEnd()
    expect(response?.status).toBe(503)
    expect(response?.header('Retry-After')).toBeDefined()
    one.destroy()
    await pollUntil(() => (lab.connections < 2 ? true : undefined), 'a free place')
    expect((await fetchRaw(lab.url)).status).toBe(200)
  })
})

describe('stop', () => {
  test('ends idle connections at once and lets running exchanges finish', async () => {
    let finish = (): void => {}
    const lab = await startLab(
      (exchange) => {
        if (exchange.request.path === '/slow') finish = () => nameRequest(exchange)
        else nameRequest(exchange)
      },
      { timeouts: { shutdown: 10_000 } },
    )
    using idle = await openRaw(lab.url)
    using fresh = await openRaw(lab.url)
    using running = await openRaw(lab.url)
    idle.send(formatRequest())
    await idle.readResponse()
    running.send(formatRequest({ target: '/slow' }) + formatRequest({ target: '/next' }).toString())
    await pollUntil(() => lab.exchanges[1], 'the running request')
    const stopped = lab.front.stop()
    await idle.waitForEnd()
    await fresh.waitForEnd()
    expect(lab.outcomes).toHaveLength(1)
    finish()
    const responses = await running.readUntilEnd()
    expect(responses.map((response) => response.text)).toEqual(['GET /slow'])
    expect(responses[0]?.header('Connection')).toBe('close')
    await stopped
    await lab.front.stop()
    await expect(openRaw(lab.url)).rejects.toThrow('ECONNREFUSED')
  })

  test('refuses a head that does not become complete, and answers one that does', async () => {
    const lab = await startLab(nameRequest, { timeouts: { shutdown: 0 } })
    using late = await openRaw(lab.url)
    using prompt = await openRaw(lab.url)
    for (const connection of [late, prompt]) {
      connection.send(`${formatRequest().toString()}GET /next HTTP/1.1\r\n`)
      await connection.readResponse()
    }
    const stopped = lab.front.stop()
    prompt.send(`${HOST}\r\n`)
    const drip = setInterval(() => late.send('X'), 20)
    const [answered] = await prompt.readUntilEnd()
    const [refused] = await late.readUntilEnd()
    clearInterval(drip)
    expect(answered?.text).toBe('GET /next')
    expect(refused?.status).toBe(503)
    expect(refused?.header('Connection')).toBe('close')
    await stopped
    expect(lab.exchanges).toHaveLength(3)
  })

  test('refuses a head that has begun to arrive after a running exchange', async () => {
    const lab = await startLab(
      ({ response }) => response.begin(createResponseHead(200, ['Content-Length', '2'])),
      { timeouts: { shutdown: 0 } },
    )
    using connection = await openRaw(lab.url)
    connection.send(`${formatRequest().toString()}GET /next HTTP/1.1\r\n`)
    const exchange = await pollUntil(() => lab.exchanges[0], 'the request')
    const stopped = lab.front.stop()
    exchange.response.write(Buffer.from('ok'))
    exchange.response.end()
    const responses = await connection.readUntilEnd()
    expect(responses.map(({ status }) => status)).toEqual([200, 503])
    await stopped
  })

  test('a client that was not told gets an answer to one more request', async () => {
    const lab = await startLab(({ response }) => {
      response.begin(createResponseHead(200, ['Content-Length', '2']))
    })
    using connection = await openRaw(lab.url)
    const finish = (): void => {
      const response = lab.exchanges.at(-1)?.response
      response?.write(Buffer.from('ok'))
      response?.end()
    }
    connection.send(formatRequest())
    await connection.waitUntil(() => connection.received > 0, 'the head')
    const stopped = lab.front.stop(DEADLINE)
    await nextTurn()
    finish()
    expect((await connection.readResponse()).header('Connection')).toBeUndefined()
    connection.send(formatRequest())
    await pollUntil(() => lab.exchanges[1], 'the next request')
    finish()
    expect((await connection.readResponse()).header('Connection')).toBe('close')
    connection.destroy()
    await stopped
  })

  test('aborts what takes longer than the deadline', async () => {
    const lab = await startLab(() => undefined, { timeouts: { shutdown: 100 } })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest())
    await pollUntil(() => lab.exchanges[0], 'the request')
    await lab.front.stop()
    expect(lab.outcomes).toMatchObject([{ status: 0, error: { code: 'STOPPING' } }])
  })
})

test('a front counts its exchanges, without refusals', async () => {
  await using lab = await startLab(echo)
  expect(lab.front.exchanges).toBe(0)
  await fetchRaw(lab.url, '/')
  using connection = await openRaw(lab.url)
  connection.send(formatRequest({}))
  connection.send(formatRequest({}))
  await connection.readFinalResponse()
  await connection.readFinalResponse()
  expect(lab.front.exchanges).toBe(3)
  connection.send('no request\r\n\r\n')
  expect((await connection.readFinalResponse()).status).toBe(400)
  expect(lab.front.exchanges).toBe(3)
})

test('a client that continues to send after its last answer is disconnected after a while', async () => {
  await using lab = await startLab(nameRequest, { limits: { body: 10 } })
  using connection = await openRaw(lab.url)
  connection.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 99999999999\r\n\r\n`)
  expect((await connection.readResponse()).status).toBe(413)
  const { socket } = connection
  const closed = once(socket, 'close').catch(() => undefined)
  while (!socket.destroyed) {
    if (!socket.write(Buffer.alloc(1_000_000)))
      await Promise.race([closed, once(socket, 'drain').catch(() => undefined)])
  }
  expect(connection.error).toBeDefined()
  expect(socket.bytesWritten).toBeLessThan(100_000_000)
})

describe('a client that disconnected early', () => {
  test.each([
    ['by a reset', 'reset'],
    ['without a word', 'destroy'],
  ] as const)('%s is known by its address', async (_name, leave) => {
    await using lab = await startLab(() => {})
    using connection = await openRaw(lab.url)
    connection.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nhello`)
    await pollUntil(() => lab.exchanges[0], 'the request')
    connection[leave]()
    await pollUntil(() => lab.outcomes[0], 'the end of the request')
    expect(lab.exchanges[0]?.connection).toEqual({
      scheme: 'http',
      remoteAddress: '127.0.0.1',
      remotePort: expect.stringMatching(/^[0-9]+$/),
      localAddress: '127.0.0.1',
      localPort: new URL(lab.url).port,
      localPath: '',
      alpn: '',
    })
  })

  // It keeps this process from accepting, so that the reset comes first.
  test('by a reset before it was accepted has no address', async () => {
    await using lab = await startLab(nameRequest)
    const { port } = new URL(lab.url)
    const source = `
const socket = require('node:net').connect(${port}, '127.0.0.1')
socket.write(${JSON.stringify(formatRequest().toString())}, () => socket.resetAndDestroy())`
    execFileSync(process.execPath, ['-e', source], { timeout: DEADLINE })
    await pollUntil(() => lab.outcomes[0], 'the end of the request')
    expect(lab.exchanges[0]?.connection).toMatchObject({
      remoteAddress: '',
      remotePort: '',
      localAddress: '127.0.0.1',
      localPort: port,
    })
  })

  test('is known by the path of its Unix socket', async () => {
    const path = join(folder, 'left.sock')
    await using lab = await startLab(() => {}, { addresses: [{ kind: 'unix', path }] })
    using connection = await openRaw({ path })
    connection.send(formatRequest())
    await pollUntil(() => lab.exchanges[0], 'the request')
    connection.destroy()
    const exchange = lab.exchanges[0]
    exchange?.response.abort(new Error('nobody waits'))
    await pollUntil(() => lab.outcomes[0], 'the end of the request')
    expect(exchange?.connection).toMatchObject({ remoteAddress: '', localPath: path })
  })
})
