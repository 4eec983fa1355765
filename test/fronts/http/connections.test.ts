import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, describe, expect, test } from 'vitest'

import { createResponseHead } from '../../../src/core/response-head.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'
import { echo, FrontLab, LOCAL, nameRequest, startLab } from './front-lab.ts'

const folder = mkdtempSync(join(tmpdir(), 'taipan-front-'))
const HOST = 'Host: a.test\r\n'

afterAll(() => rmSync(folder, { recursive: true }))

describe('deadlines', () => {
  test.each([
    ['nothing', ''],
    ['half a head', `GET / HTTP/1.1\r\n${HOST}`],
  ])('a client that sends %s is told so', async (_name, bytes) => {
    await using lab = await startLab(nameRequest, { timeouts: { header: 100 } })
    using connection = await openRaw(lab.url)
    connection.send(bytes)
    const [response] = await connection.readUntilEnd()
    expect(response?.status).toBe(408)
    expect(response?.header('Connection')).toBe('close')
  })

  test('a head that drips does not win time', async () => {
    await using lab = await startLab(nameRequest, { timeouts: { header: 150, idle: 60_000 } })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest())
    await connection.readResponse()
    const drip = setInterval(() => connection.send('G'), 20)
    const responses = await connection.readUntilEnd()
    clearInterval(drip)
    expect(responses.map((response) => [400, 408].includes(response.status))).toEqual([true])
  })

  test('an idle connection is closed without a word', async () => {
    await using lab = await startLab(nameRequest, { timeouts: { idle: 100, header: 60_000 } })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest())
    await connection.readResponse()
    expect(await connection.readUntilEnd()).toEqual([])
    expect(connection.error).toBeUndefined()
  })

  test('a body that stops is a 408, one that goes on slowly is not', async () => {
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

  test('a body that nobody asked the client for has no deadline', async () => {
    await using lab = await startLab((exchange) => setTimeout(() => echo(exchange), 300), {
      timeouts: { body: 50 },
    })
    using connection = await openRaw(lab.url)
    connection.send(`POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`)
    expect((await connection.readResponse()).status).toBe(100)
    connection.send('ok')
    expect((await connection.readResponse()).text).toBe('ok')
  })

  test('a client that takes nothing of its answer is cut', async () => {
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
  test('requests of one connection are counted', async () => {
    await using lab = await startLab(nameRequest, { limits: { requestsPerConnection: 2 } })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest().toString().repeat(3))
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.header('Connection'))).toEqual([undefined, 'close'])
  })

  test('connections over the limit are told to come back', async () => {
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
    await pollUntil(() => (lab.front.connections < 2 ? true : undefined), 'a free place')
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

  test('cuts what takes longer than the deadline', async () => {
    const lab = await startLab(() => undefined, { timeouts: { shutdown: 100 } })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest())
    await pollUntil(() => lab.exchanges[0], 'the request')
    await lab.front.stop()
    expect(lab.outcomes).toMatchObject([{ status: 0, error: { code: 'STOPPING' } }])
  })
})

describe('a client that left before anybody looked', () => {
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

describe('addresses', () => {
  test('several are bound, or none', async () => {
    const path = join(folder, 'both.sock')
    await using lab = await startLab(nameRequest, { addresses: [LOCAL, { kind: 'unix', path }] })
    expect(lab.front.urls).toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      `unix:${path}`,
    ])
    expect((await fetchRaw({ path })).status).toBe(200)
    expect(lab.exchanges[0]?.connection).toMatchObject({ remoteAddress: '', remotePort: '' })
    const port = Number(new URL(lab.url).port)
    const other = join(folder, 'other.sock')
    const second = new FrontLab(nameRequest, {
      addresses: [
        { kind: 'unix', path: other },
        { kind: 'tcp', host: '127.0.0.1', port },
      ],
    })
    await expect(second.front.start()).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
    expect(existsSync(other)).toBe(false)
  })

  test('that cannot be had are named', async () => {
    const failing = async (lab: FrontLab): Promise<unknown> =>
      await lab.front.start().catch((error: unknown) => error)
    const foreign = new FrontLab(nameRequest, {
      addresses: [{ kind: 'tcp', host: '203.0.113.7', port: 0 }],
    })
    expect(await failing(foreign)).toMatchObject({ code: 'ADDRESS_UNUSABLE' })
    const missing = new FrontLab(nameRequest, {
      addresses: [{ kind: 'unix', path: join(folder, 'no/x.sock') }],
    })
    expect(await failing(missing)).toMatchObject({ code: 'ADDRESS_UNUSABLE' })
    const long = new FrontLab(nameRequest, {
      addresses: [{ kind: 'unix', path: `/${'x'.repeat(200)}` }],
    })
    expect(await failing(long)).toMatchObject({ code: 'ADDRESS_UNUSABLE' })
    const closed = new FrontLab(nameRequest, { addresses: [{ kind: 'fd', fd: 987 }] })
    expect(await failing(closed)).toMatchObject({ code: 'ADDRESS_UNUSABLE' })
  })

  test('a Unix socket somebody listens on is in use, and goes on', async () => {
    const path = join(folder, 'live.sock')
    await using lab = await startLab(nameRequest, { addresses: [{ kind: 'unix', path }] })
    const second = new FrontLab(nameRequest, { addresses: [{ kind: 'unix', path }] })
    await expect(second.front.start()).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
    expect((await fetchRaw({ path })).status).toBe(200)
    expect(lab.exchanges).toHaveLength(1)
  })

  test('a Unix socket left behind is replaced, and removed at the end', async () => {
    const path = join(folder, 'stale.sock')
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    await once(spawn(process.execPath, ['-e', script]), 'exit')
    expect(existsSync(path)).toBe(true)
    const lab = await startLab(nameRequest, { addresses: [{ kind: 'unix', path }] })
    expect((await fetchRaw({ path })).status).toBe(200)
    await lab.front.stop()
    expect(existsSync(path)).toBe(false)
  })

  test('an ordinary file is never touched', async () => {
    const path = join(folder, 'file')
    writeFileSync(path, 'precious')
    const lab = new FrontLab(nameRequest, { addresses: [{ kind: 'unix', path }] })
    await expect(lab.front.start()).rejects.toMatchObject({ code: 'ADDRESS_UNUSABLE' })
    await lab.front.stop()
    expect(existsSync(path)).toBe(true)
  })

  test.each([
    ['TCP', { host: '127.0.0.1', port: 0 }],
    ['Unix', { path: join(folder, 'inherited.sock') }],
  ])('an inherited %s socket is listened on', async (_name, target) => {
    const server = createServer()
    server.listen(target)
    await once(server, 'listening')
    const program = fileURLToPath(new URL('inherited-front.mjs', import.meta.url))
    const child = spawn(process.execPath, [program], {
      stdio: ['pipe', 'pipe', 'inherit', readDescriptor(server)],
    })
    const { stdin, stdout } = child
    if (stdin === null || stdout === null) throw new Error('the child has no pipes')
    const exited = once(child, 'exit')
    const printed: unknown[] = await once(stdout, 'data')
    const urls: unknown = JSON.parse(String(printed[0]))
    const bound = server.address()
    const port = typeof bound === 'object' ? bound?.port : undefined
    expect(urls).toEqual([port === undefined ? expect.any(String) : `http://127.0.0.1:${port}`])
    // This process holds the same socket: connections go to whoever takes them first.
    const address = 'path' in target ? target : `http://127.0.0.1:${port}`
    await pollUntil(
      async () => await fetchRaw(address, '/', 200).catch(() => undefined),
      'the child',
    )
    stdin.end()
    await exited
    if ('path' in target) expect(existsSync(target.path)).toBe(true)
    server.close()
  })
})

function readDescriptor(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle')
  const fd: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  return typeof fd === 'number' ? fd : -1
}
