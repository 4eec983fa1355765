import type { Duplex } from 'node:stream'

import { type Server, WebSocketServer } from 'ws'

import type { WebSocketOptions } from './options.ts'
import { Channel, type ChannelParts } from './channel.ts'
import { FrontSocket } from './front-socket.ts'
import type { Handshake } from './handshake.ts'
import { WEB_SOCKET_VERSION } from './handshake.ts'
import { divertHead, HandshakeRequest } from './ws-internals.ts'

/** Limits for the number of frames of a message. */
const FRAMES = { perKibibyte: 16, least: 1024, most: 65_536 }
/** Limits for the number of chunks in which a message arrives from the network. */
const CHUNKS = { perKibibyte: 2, least: 4096, most: 65_536 }
const COMPRESSION = { concurrencyLimit: 10, zlibDeflateOptions: { memLevel: 5 } }
/** Longest timer in ms, and longest message in bytes that `ws` supports. */
const MOST = 2 ** 31 - 1

/** How to complete a handshake. */
export interface UpgradePlan {
  readonly handshake: Handshake
  /** Header lines of the response, without line ends. */
  readonly lines: readonly string[]
  /** Bytes received after the handshake. */
  readonly rest: Buffer
  /** Gets the head of the answer, which is written otherwise. */
  readonly answer?: (head: string) => void
}

/** Turns connections into WebSockets. One per front. */
export class Upgrader {
  readonly #server: Server<typeof FrontSocket, typeof HandshakeRequest>

  constructor(options: WebSocketOptions) {
    const message = options.message === 0 ? MOST : Math.min(options.message, MOST)
    // The types of `ws` lack `closeTimeout`.
    const settings = {
      noServer: true,
      WebSocket: FrontSocket,
      clientTracking: false,
      autoPong: false,
      maxPayload: message,
      maxFragments: resolveCount(FRAMES, message),
      maxBufferedChunks: resolveCount(CHUNKS, message),
      perMessageDeflate: options.compression && COMPRESSION,
      // The timer of `ws` would also run while the client still reads; `DeadlineSweep` has a better one.
      closeTimeout: MOST,
    }
    this.#server = new WebSocketServer(settings)
    this.#server.on('headers', (headers, request) => {
      headers.push(...request.lines)
    })
  }

  /** Answers the handshake and takes over the socket; undefined if the client has disconnected. */
  upgrade(
    socket: Duplex,
    { handshake, lines, rest, answer }: UpgradePlan,
    onClosed: ChannelParts['onClosed'],
  ): Channel | undefined {
    const request = new HandshakeRequest()
    request.headers = {
      upgrade: 'websocket',
      'sec-websocket-key': handshake.key,
      'sec-websocket-version': WEB_SOCKET_VERSION,
    }
    if (handshake.extension !== '')
      request.headers['sec-websocket-extensions'] = handshake.extension
    request.lines = lines
    // `ws` writes the header as text.
    socket.setDefaultEncoding('latin1')
    if (answer !== undefined) divertHead(socket, answer)
    let upgraded: FrontSocket | undefined
    this.#server.handleUpgrade(request, socket, rest, (webSocket) => {
      upgraded = webSocket
    })
    return upgraded && new Channel({ socket, webSocket: upgraded, onClosed })
  }
}

function resolveCount(bounds: typeof FRAMES, messageBytes: number): number {
  const wanted = Math.ceil((messageBytes / 1024) * bounds.perKibibyte)
  return Math.min(bounds.most, Math.max(bounds.least, wanted))
}
