import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import type { ByteStream } from '../../../src/core/byte-stream.ts'
import type { SocketPlace } from '../../../src/streams/net/listening-socket.ts'
import { openNetListener, probeSocket } from '../../../src/streams/net/net-listener.ts'
import { openRaw, pollUntil } from '../../support/raw-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'taipan-listener-'))
const TCP: SocketPlace = { kind: 'tcp', host: '127.0.0.1', port: 0 }

afterAll(() => rmSync(folder, { recursive: true }))

test('a TCP socket has an address and a descriptor, and gives streams until it is closed', async () => {
  const streams: ByteStream[] = []
  const listener = await openNetListener(TCP, (stream) => streams.push(stream))
  const { address } = listener
  if (typeof address !== 'object') throw new Error('the listener has no port')
  expect(address.host).toBe('127.0.0.1')
  expect(listener.descriptor).toBeGreaterThan(2)
  const url = `http://127.0.0.1:${address.port}`
  const client = await openRaw(url)
  const stream = await pollUntil(() => streams[0], 'a stream')
  expect(stream.facts).toMatchObject({ localPort: String(address.port), localPath: '' })
  const closed = listener.close()
  await expect(openRaw(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  stream.write('still open')
  stream.end()
  await client.waitForEnd()
  expect(client.rest.toString()).toBe('still open')
  client.destroy()
  stream.destroy()
  await closed
  expect(streams).toHaveLength(1)
})

test('a Unix socket has its path, which its streams know and which is gone when it is closed', async () => {
  const path = join(folder, 'a.sock')
  await expect(probeSocket(path)).rejects.toMatchObject({ code: 'ENOENT' })
  const streams: ByteStream[] = []
  const listener = await openNetListener({ kind: 'unix', path }, (stream) => {
    streams.push(stream)
    stream.destroy()
  })
  expect(listener.address).toBe(path)
  await probeSocket(path)
  const stream = await pollUntil(() => streams[0], 'a stream')
  expect(stream.facts.localPath).toBe(path)
  await listener.close()
  expect(existsSync(path)).toBe(false)
})

test('a place that cannot be bound is refused with the code of the system', async () => {
  const listener = await openNetListener(TCP, (stream) => stream.destroy())
  const { address } = listener
  const taken: SocketPlace = { kind: 'tcp', host: '127.0.0.1', ...Object(address) }
  await expect(openNetListener(taken, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await listener.close()
  const unknown: SocketPlace = { kind: 'fd', fd: 987 }
  await expect(openNetListener(unknown, () => {})).rejects.toMatchObject({
    code: expect.stringMatching(/^E/),
  })
})
