import { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import type { WebSocket } from 'ws'

import { UNUSED_SOCKET } from '../../streams/net/unused-socket.ts'

// The only place that uses undocumented parts of `ws`; each has a test.

/** A handshake for `ws`, which reads only its method and header, with additional lines for the response. */
export class HandshakeRequest extends IncomingMessage {
  lines: readonly string[] = []

  constructor() {
    super(UNUSED_SOCKET)
    this.method = 'GET'
  }
}

/** Gives the head of the answer, the first that `ws` writes to a socket, to `answer` instead. */
export function divertHead(socket: Duplex, answer: (head: string) => void): void {
  socket.write = (head: unknown) => {
    Reflect.deleteProperty(socket, 'write')
    answer(String(head))
    return true
  }
}

/** Called by `ws` with the decompressed data. */
export type Inflated = (error: Error | null, data?: Buffer) => void

/** Decompresses a frame. `ws` waits for the callback before the next frame. */
export type Inflate = (data: Buffer, last: boolean, done: Inflated) => void

const EXTENSION = 'permessage-deflate'

/**
 * Replaces the decompression of a WebSocket by `gate` and returns the original; undefined without compression. `ws` has no
 * option for that. Throws if this version of `ws` works differently.
 */
export function interceptInflate(webSocket: WebSocket, gate: Inflate): Inflate | undefined {
  if (!webSocket.extensions.includes(EXTENSION)) return undefined
  const extensions: unknown = Reflect.get(webSocket, '_extensions')
  const deflate: unknown = Object(extensions)[EXTENSION]
  if (!isInflater(deflate))
    throw new Error('this version of ws has no "decompress", so its frames cannot be held back')
  const inflate = deflate.decompress.bind(deflate)
  deflate.decompress = gate
  return inflate
}

function isInflater(value: unknown): value is { decompress: Inflate } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'decompress' in value &&
    typeof value.decompress === 'function'
  )
}
