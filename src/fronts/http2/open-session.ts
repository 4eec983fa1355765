import { performServerHandshake, type ServerHttp2Session } from 'node:http2'
import type { Duplex } from 'node:stream'

/** Most streams of a connection at a time; as many as browsers use. */
export const MOST_STREAMS = 100
/** Of which Node would end the connection; we refuse streams long before. */
const UNANNOUNCED_STREAMS = 10_000
const WINDOW_BYTES = 65_535
const CONNECTION_WINDOW_BYTES = 1 << 20
/** Of each field, for Node's own bound. */
const FIELD_BYTES = 32
const PSEUDO_FIELDS = 5

/** Begins HTTP/2 on a connection of which nobody has read anything. */
export function openSession(
  wire: Duplex,
  { headerBytes, headerCount, targetBytes }: SessionLimits,
): ServerHttp2Session {
  const session = performServerHandshake(wire, {
    settings: {
      maxConcurrentStreams: UNANNOUNCED_STREAMS,
      initialWindowSize: WINDOW_BYTES,
      enableConnectProtocol: true,
      enablePush: false,
      // Node resets what is above. A little above our own limits is answered with 431 or 414, as in HTTP/1.
      maxHeaderListSize: 2 * (headerBytes + targetBytes + headerCount * FIELD_BYTES) + WINDOW_BYTES,
    },
    maxHeaderListPairs: 2 * headerCount + PSEUDO_FIELDS,
  })
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
  return session
}

/** Limits that concern a session. */
export interface SessionLimits {
  readonly headerBytes: number
  readonly headerCount: number
  readonly targetBytes: number
}
