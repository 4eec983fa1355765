import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'

import { afterAll, describe, expect, test } from 'vitest'

import { withPinnedFile } from '../../../src/native/pinned-file.ts'
import { loadSystemFfi } from '../../../src/native/system-ffi.ts'
import { keepSocket } from '../../../src/streams/listening/kept-socket.ts'
import { bindClosed, giveSocket } from '../../../src/streams/listening/own-socket.ts'
import { listen } from '../../../src/streams/listening/listener.ts'
import { fetchRaw } from '../../support/raw-client.ts'
import { nameRequest, startLab } from '../../fronts/support/front-lab.ts'

const folder = mkdtempSync(join(tmpdir(), 'taipan-places-'))
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1')

afterAll(() => rmSync(folder, { recursive: true }))

describe('localhost', () => {
  test.runIf(hasIpv6)('is both families, with one port that is free for both', async () => {
    const addresses = [{ kind: 'tcp', host: 'localhost', port: 0 }] as const
    await using lab = await startLab(nameRequest, { listen: addresses })
    const [first = '', second = '', ...others] = lab.front.urls
    const { port } = new URL(first)
    expect([first, second, ...others]).toEqual([`http://127.0.0.1:${port}`, `http://[::1]:${port}`])
    expect((await fetchRaw(first)).status).toBe(200)
    expect((await fetchRaw({ host: '::1', port: Number(port) })).status).toBe(200)
  })

  test.runIf(hasIpv6)('is in use if one of them is', async () => {
    const server = createServer().listen(0, '::1')
    await once(server, 'listening')
    const bound = server.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0
    const addresses = [{ kind: 'tcp', host: 'localhost', port }] as const
    await expect(startLab(nameRequest, { listen: addresses })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining(`[::1]:${port}`),
    })
    server.close()
  })
})

test('[::] takes clients of both families', async () => {
  const addresses = [{ kind: 'tcp', host: hasIpv6 ? '::' : '0.0.0.0', port: 0 }] as const
  await using lab = await startLab(nameRequest, { listen: addresses })
  const port = Number(new URL(lab.url).port)
  expect((await fetchRaw({ host: '127.0.0.1', port })).status).toBe(200)
  expect(lab.exchanges[0]?.connection.remoteAddress).toBe('127.0.0.1')
})

describe('the file of a Unix socket', () => {
  const ignore = (): void => {}

  test('is never a link that has taken its place', () => {
    const [victim, link] = [join(folder, 'victim'), join(folder, 'link.sock')]
    writeFileSync(victim, '', { mode: 0o600 })
    symlinkSync(victim, link)
    expect(() => giveSocket(link, { mode: 0o666 })).toThrow(
      expect.objectContaining({ code: 'ELOOP' }),
    )
    expect(statSync(victim).mode & 0o777).toBe(0o600)
  })

  test('stays the same whatever becomes of its path', () => {
    const place = join(folder, 'same')
    const [aside, victim] = [join(folder, 'aside'), join(folder, 'other')]
    mkdirSync(place, { mode: 0o700 })
    writeFileSync(victim, '', { mode: 0o600 })
    withPinnedFile(place, (file) => {
      renameSync(place, aside)
      symlinkSync(victim, place)
      chmodSync(file.place, 0o750)
    })
    expect([aside, victim].map((path) => statSync(path).mode & 0o777)).toEqual([0o750, 0o600])
  })

  test('is closed to others until it has its permissions', () => {
    const before = process.umask()
    const during = bindClosed({ mode: 0o660 }, () => process.umask())
    expect(during).toBe(0o177)
    expect(process.umask()).toBe(before)
    expect(bindClosed({}, () => process.umask())).toBe(before)
  })

  test('has its permissions and its group', async () => {
    const path = join(folder, 'owned.sock')
    const gid = process.getgid?.() ?? 0
    const listener = await listen({ kind: 'unix', path, mode: 0o660, owner: { gid } }, ignore)
    expect(statSync(path)).toMatchObject({ gid })
    expect(statSync(path).mode & 0o777).toBe(0o660)
    await listener.close()
    expect(existsSync(path)).toBe(false)
  })

  test('of another process that has taken the place stays', async () => {
    const path = join(folder, 'taken.sock')
    const first = await listen({ kind: 'unix', path }, ignore)
    renameSync(path, `${path}.old`)
    await using second = await startLab(nameRequest, { addresses: [{ kind: 'unix', path }] })
    await first.close()
    expect((await fetchRaw({ path })).status).toBe(200)
    expect(second.exchanges).toHaveLength(1)
  })

  test('of another process stays when that of replicas is closed', async () => {
    const path = join(folder, 'kept.sock')
    const ffi = await loadSystemFfi()
    const kept = await keepSocket({ kind: 'unix', path }, (descriptor) => ffi.duplicate(descriptor))
    expect(existsSync(path)).toBe(true)
    renameSync(path, `${path}.old`)
    await using second = await startLab(nameRequest, { addresses: [{ kind: 'unix', path }] })
    kept.close()
    expect((await fetchRaw({ path })).status).toBe(200)
    expect(second.exchanges).toHaveLength(1)
  })
})

test('?reusePort=on lets two servers share a port, or says which Node.js it needs', async () => {
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0, reusePort: true } as const
  const ignore = (): void => {}
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 22 || (major === 22 && minor < 12)) {
    await expect(listen(address, ignore)).rejects.toThrow(/needs Node\.js 22\.12 or newer/)
    return
  }
  const first = await listen(address, ignore)
  const port = Number(new URL(first.url).port)
  const second = await listen({ ...address, port }, ignore)
  await Promise.all([first.close(), second.close()])
})
