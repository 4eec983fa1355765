import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, describe, expect, test } from 'vitest'

import type { ListenAddress } from '../../../src/streams/listening/addresses.ts'
import { fetchRaw, pollUntil } from '../../support/raw-client.ts'
import { FrontLab, LOCAL, nameRequest, startLab } from '../../fronts/support/front-lab.ts'

const folder = mkdtempSync(join(tmpdir(), 'taipan-front-'))

afterAll(() => rmSync(folder, { recursive: true }))

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

  test('that cannot be bound are named', async () => {
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
    const taken = new FrontLab(nameRequest, { addresses: [{ kind: 'unix', path: folder }] })
    expect(await failing(taken)).toMatchObject({
      code: 'ADDRESS_UNUSABLE',
      message: `cannot listen on unix:${folder}: the path is a folder`,
    })
    const long = new FrontLab(nameRequest, {
      addresses: [{ kind: 'unix', path: `/${'x'.repeat(200)}` }],
    })
    expect(await failing(long)).toMatchObject({ code: 'ADDRESS_UNUSABLE' })
    const closed = new FrontLab(nameRequest, { addresses: [{ kind: 'fd', fd: 987 }] })
    expect(await failing(closed)).toMatchObject({ code: 'ADDRESS_UNUSABLE' })
  })

  test('a Unix socket in use stays, and is an error', async () => {
    const path = join(folder, 'live.sock')
    await using lab = await startLab(nameRequest, { addresses: [{ kind: 'unix', path }] })
    const second = new FrontLab(nameRequest, { addresses: [{ kind: 'unix', path }] })
    await expect(second.front.start()).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `another program listens on unix:${path}: stop it, or choose another path`,
    })
    expect((await fetchRaw({ path })).status).toBe(200)
    expect(lab.exchanges).toHaveLength(1)
  })

  test('a stale Unix socket is replaced, and removed at the end', async () => {
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
    // This process has the same socket, so either may accept a connection.
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

test.each([
  ['TCP', undefined],
  ['Unix', join(folder, 'waiting.sock')],
])('%s clients that wait for being accepted at a stop are answered', async (_name, path) => {
  const address: ListenAddress = path === undefined ? LOCAL : { kind: 'unix', path }
  const lab = await startLab(nameRequest, { addresses: [address] })
  const target = path === undefined ? lab.url : { path }
  const clients = Array.from({ length: 5 }, () => fetchRaw(target))
  // Node connects in the next tick, before this turn of the event loop ends.
  await new Promise((resolve) => process.nextTick(resolve))
  expect(lab.connections).toBe(0)
  await lab.front.stop()
  expect((await Promise.all(clients)).map(({ status }) => status)).toEqual(clients.map(() => 200))
})

test('a stop ends, though clients come on and on', async () => {
  const lab = await startLab(nameRequest)
  const port = Number(new URL(lab.url).port)
  let stopped = false
  const come = (): void => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('connect', () => socket.end())
    if (!stopped) setImmediate(come)
  }
  come()
  await lab.front.stop()
  stopped = true
})

function readDescriptor(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle')
  const fd: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  return typeof fd === 'number' ? fd : -1
}
