import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'

import { describe, expect, test } from 'vitest'

import { loadSystemFfi } from '../../src/native/system-ffi.ts'
import { findDescriptor } from '../../src/streams/net/descriptor.ts'
import { createProject } from '../support/project.ts'

const RECEIVER = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1].replace("@", "\\0", 1))
print("bound", flush=True)
print(receiver.recv(65536).decode(), flush=True)
`

describe.runIf(process.platform === 'linux')('a datagram', () => {
  test.each([(folder: string) => `${folder}/log`, () => `@taipan-test-${process.pid}`])(
    'reaches a Unix socket (%#)',
    async (choosePath) => {
      using project = createProject({})
      const path = choosePath(project.path('.'))
      const ffi = await loadSystemFfi()
      const receiver = spawn('python3', ['-c', RECEIVER, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      receiver.stdout.on('data', (text: Buffer) => {
        output += text.toString()
      })
      await once(receiver.stdout, 'data')
      const socket = ffi.openDatagramSocket()
      expect(ffi.sendDatagram(socket, path, Buffer.from('READY=1'))).toBe(0)
      closeSync(socket)
      await once(receiver, 'close')
      expect(output).toBe('bound\nREADY=1\n')
    },
  )

  test('for nobody is an error of the system', async () => {
    const ffi = await loadSystemFfi()
    const socket = ffi.openDatagramSocket()
    expect(ffi.sendDatagram(socket, '/nowhere/at/all', Buffer.from('x'))).toBe(2)
    closeSync(socket)
  })
})

test.runIf(process.platform === 'linux')('the peer of a Unix socket is known', async () => {
  using project = createProject({})
  const server = createServer().listen(project.path('socket'))
  await once(server, 'listening')
  const accepting = new Promise<Socket>((resolve) => {
    server.once('connection', resolve)
  })
  const client = connect(project.path('socket'))
  const accepted = await accepting
  const descriptor = findDescriptor(accepted) ?? -1
  const peer = (await loadSystemFfi()).readPeer(descriptor)
  expect(peer).toEqual({ pid: process.pid, uid: process.getuid?.() })
  client.destroy()
  accepted.destroy()
  server.close()
})
