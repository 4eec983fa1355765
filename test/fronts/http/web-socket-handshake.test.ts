import { describe, expect, test } from 'vitest'

import { formatRequest, openRaw } from '../../support/raw-client.ts'
import {
  acceptKey,
  finishHandshake,
  formatFrame,
  formatHandshake,
  KEY,
  OPCODE,
  openWebSocket,
  type HandshakeShape,
} from '../../support/web-socket-client.ts'
import { answer, startLab } from './front-lab.ts'
import { accept, createLog, echo } from './web-socket-apps.ts'

describe('an opening handshake', () => {
  test('is answered with what RFC 6455 asks for, and the socket works', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    expect(socket.answer.header('upgrade')).toBe('websocket')
    expect(socket.answer.header('connection')).toBe('Upgrade')
    expect(socket.answer.header('sec-websocket-accept')).toBe(acceptKey())
    expect(socket.answer.headers('server')).toEqual(['taipan/test'])
    expect(socket.answer.headers('date')).toHaveLength(1)
    expect(socket.answer.headers('sec-websocket-extensions')).toEqual([])
    socket.sendText('hello')
    expect((await socket.readMessage()).payload.toString()).toBe('hello')
    socket.close(1000, 'bye')
    expect(await socket.readClose()).toBe('1000 bye')
    await socket.connection.waitForEnd()
    expect(log.closes).toEqual([{ code: 1000, reason: 'bye' }])
    expect(lab.outcomes).toEqual([{ status: 101, bytes: 5, error: undefined }])
  })
})
