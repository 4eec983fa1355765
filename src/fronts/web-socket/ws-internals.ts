import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

import type { WebSocket } from 'ws'

// What `ws` does not document is used here and nowhere else, and has a test.

/** A socket that is none: `ws` looks at method and header of a handshake only, and is given its connection beside it. */
const NO_SOCKET = new Socket()

/** A handshake as `ws` reads it, with the lines that its answer gets. */
export class HandshakeRequest extends IncomingMessage {
  lines: readonly string[] = []

  constructor() {
    super(NO_SOCKET)
    this.method = 'GET'
  }
}

/** Called by `ws` with what it has inflated. */
export type Inflated = (error: Error | null, data?: Buffer) => void

/** Inflates one frame. `ws` waits for the callback before it looks at the next one. */
export type Inflate = (data: Buffer, last: boolean, done: Inflated) => void

const EXTENSION = 'permessage-deflate'

/**
 * Puts `gate` before what inflates the frames of a socket, and returns that; undefined when compression was not agreed on.
 * `ws` has no option for it. Throws when this `ws` inflates in another way.
 */
export function interceptInflate(webSocket: WebSocket, gate: Inflate): Inflate | undefined {
  if (!webSocket.extensions.includes(EXTENSION)) return undefined
  const extensions: unknown = Reflect.get(webSocket, '_extensions')
  const deflate: unknown = Object(extensions)[EXTENSION]
  if (!isInflater(deflate))
    throw new Error('this version of ws has no decompress: its frames cannot be held back')
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
