import type { Duplex } from 'node:stream'

import { type Server, WebSocketServer } from 'ws'

import type { WebSocketOptions } from '../options.ts'
import { FrontSocket } from './front-socket.ts'
import type { Handshake } from './handshake.ts'
import { WEB_SOCKET_VERSION } from './handshake.ts'
import { HandshakeRequest } from './ws-internals.ts'

/** Frames of one message, for each KiB that it may have; and never fewer, nor more. */
const FRAMES = { perKibibyte: 16, least: 1024, most: 65_536 }
/** Pieces in which a message may arrive, as they come from the network. */
const CHUNKS = { perKibibyte: 2, least: 4096, most: 65_536 }
const COMPRESSION = { concurrencyLimit: 10, zlibDeflateOptions: { memLevel: 5 } }
/** Longest time that a timer takes, in ms, and longest message that `ws` can count, in bytes. */
const MOST = 2 ** 31 - 1

/** What one handshake is completed with. */
export interface UpgradePlan {
  readonly handshake: Handshake
  /** Header lines for the answer, without line ends. */
  readonly lines: readonly string[]
  /** Bytes that came behind the handshake. */
  readonly rest: Buffer
}

/** Makes WebSockets of connections. One for a front. */
export class Upgrader {
  readonly #server: Server<typeof FrontSocket, typeof HandshakeRequest>

  constructor(options: WebSocketOptions) {
    const message = options.message === 0 ? MOST : Math.min(options.message, MOST)
    // The types of `ws` do not know `closeTimeout` yet.
    const settings = {
      noServer: true,
      WebSocket: FrontSocket,
      clientTracking: false,
      autoPong: false,
      maxPayload: message,
      maxFragments: resolveCount(FRAMES, message),
      maxBufferedChunks: resolveCount(CHUNKS, message),
      perMessageDeflate: options.compression && COMPRESSION,
      // Its clock does not stop while the client still takes what was sent before; that of the connections does.
      closeTimeout: MOST,
    }
    this.#server = new WebSocketServer(settings)
    this.#server.on('headers', (headers, request) => {
      headers.push(...request.lines)
    })
  }

  /** Answers the handshake and hands the socket over; undefined when the client is gone. */
  upgrade(socket: Duplex, { handshake, lines, rest }: UpgradePlan): FrontSocket | undefined {
    const request = new HandshakeRequest()
    request.headers = {
      upgrade: 'websocket',
      'sec-websocket-key': handshake.key,
      'sec-websocket-version': WEB_SOCKET_VERSION,
    }
    if (handshake.extension !== '')
      request.headers['sec-websocket-extensions'] = handshake.extension
    request.lines = lines
    // `ws` writes the header as text, and everything else as bytes.
    socket.setDefaultEncoding('latin1')
    let upgraded: FrontSocket | undefined
    this.#server.handleUpgrade(request, socket, rest, (webSocket) => {
      upgraded = webSocket
    })
    return upgraded
  }
}

function resolveCount(bounds: typeof FRAMES, messageBytes: number): number {
  const wanted = Math.ceil((messageBytes / 1024) * bounds.perKibibyte)
  return Math.min(bounds.most, Math.max(bounds.least, wanted))
}
