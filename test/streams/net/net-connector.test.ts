import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ByteStream } from '../../../src/core/byte-stream.ts'
import { connectNet, type ConnectPlace } from '../../../src/streams/net/net-connector.ts'
import { openNetListener } from '../../../src/streams/net/net-listener.ts'

/** Resolves with the connection. */
function open(place: ConnectPlace): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    connectNet(place, { onConnected: resolve, onFailed: reject })
  })
}

function readAll(stream: ByteStream): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    stream.listener = {
      onData: (chunk) => (text += chunk.toString()),
      onEnd: () => resolve(text),
      onTaken: () => {},
    }
  })
}

test('bytes go both ways over TCP, each direction ends by itself', async () => {
  const answerAll = async (stream: ByteStream): Promise<void> => {
    stream.write(`got ${await readAll(stream)}`)
    stream.end()
  }
  const place: ConnectPlace = { kind: 'tcp', host: '127.0.0.1', port: 0 }
  const listener = await openNetListener(place, (stream) => void answerAll(stream))
  const { address } = listener
  if (typeof address !== 'object') throw new Error('no port')
  const stream = await open({ kind: 'tcp', ...address })
  expect(stream.facts).toMatchObject({ remoteAddress: '127.0.0.1', remotePort: `${address.port}` })
  const answer = readAll(stream)
  stream.write('hello')
  stream.end()
  expect(await answer).toBe('got hello')
  await listener.close()
})

test('a Unix socket is connected to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'taipan-'))
  const path = join(folder, 'socket')
  const listener = await openNetListener({ kind: 'unix', path }, (stream) => {
    stream.write('hello')
    stream.destroySoon()
  })
  const stream = await open({ kind: 'unix', path })
  expect(await readAll(stream)).toBe('hello')
  stream.destroy()
  await listener.close()
  rmSync(folder, { recursive: true })
})

test('a failure has the code of the system', async () => {
  const place: ConnectPlace = { kind: 'unix', path: '/nowhere/socket' }
  await expect(open(place)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('nothing is told after an attempt was cancelled', async () => {
  let told = 0
  const listener = await openNetListener({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (stream) =>
    stream.destroy(),
  )
  const { address } = listener
  if (typeof address !== 'object') throw new Error('no port')
  const note = (): void => {
    told += 1
  }
  connectNet({ kind: 'tcp', ...address }, { onConnected: note, onFailed: note }).cancel()
  const stream = await open({ kind: 'tcp', ...address })
  await readAll(stream)
  expect(told).toBe(0)
  stream.destroy()
  await listener.close()
})
