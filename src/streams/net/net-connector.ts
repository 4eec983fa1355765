import { connect, isIP, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'

import type { ByteStream, StreamFacts } from '../../core/byte-stream.ts'
import { KEEP_ALIVE } from './keep-alive.ts'
import { keepReading } from './keep-reading.ts'
import { NetStream } from './net-stream.ts'
import { HIGH_WATER } from './outbox.ts'
import { tellResets } from './tell-resets.ts'

/** What to connect to: TCP, whose host name is looked up each time, or a Unix socket. */
export type ConnectPlace =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** How a connection is encrypted. */
export interface TlsSettings {
  /** Host name that the certificate has to be for. */
  readonly serverName: string
  /** Certificates (PEM) of those who are trusted to sign it; undefined: those that come with Node. */
  readonly ca: string | undefined
  /** Any certificate is accepted. */
  readonly insecure: boolean
}

/** Receives the outcome of an attempt to connect. */
export interface ConnectListener<Connection = ByteStream> {
  onConnected(connection: Connection): void
  /** `error` has the `code` of the system, or that of TLS. */
  onFailed(error: Error): void
}

/** An attempt to connect that has not ended. */
export interface Connecting {
  /** Gives it up; neither method of the listener is called after that. */
  cancel(): void
}

/** Opens a connection by `node:net`. */
export function connectNet(place: ConnectPlace, listener: ConnectListener): Connecting {
  return connectSocket(place, {
    onConnected: (socket) => listener.onConnected(new NetStream(socket, describePlace(place))),
    onFailed: (error) => listener.onFailed(error),
  })
}

/** The same for code that needs a socket of Node, such as HTTP clients. */
export function connectSocket(
  place: ConnectPlace,
  listener: ConnectListener<Socket>,
  tls?: TlsSettings,
): Connecting {
  const options = toOptions(place)
  const socket = tls === undefined ? connect(options) : connectTls({ ...options, ...toTls(tls) })
  let over = false
  // Stays, because a failure after the end of the attempt may concern nobody.
  socket.on('error', (error) => {
    if (over) return
    over = true
    listener.onFailed(findReason(error))
  })
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
    if (over) return
    over = true
    keepReading(socket)
    if (tls === undefined) tellResets(socket)
    listener.onConnected(socket)
  })
  return {
    cancel: () => {
      over = true
      socket.destroy()
    },
  }
}

/** The error of a host with several addresses says nothing itself. */
function findReason(error: Error): Error {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  const [first] = errors
  return first instanceof Error ? first : error
}

/** Facts of a connection that we have opened. Our own address would cost a system call, and nobody asks for it. */
function describePlace(place: ConnectPlace): StreamFacts {
  const isUnix = place.kind === 'unix'
  return {
    scheme: 'http',
    alpn: '',
    remoteAddress: isUnix ? '' : place.host,
    remotePort: isUnix ? '' : String(place.port),
    localAddress: '',
    localPort: '',
    localPath: isUnix ? place.path : '',
  }
}

// Written out: objects that are spread take long, and some protocols need a connection for each request.
function toOptions(place: ConnectPlace): NetConnectOpts {
  if (place.kind === 'unix') {
    const options = { allowHalfOpen: true, highWaterMark: HIGH_WATER, path: place.path }
    return options
  }
  // Not returned at once, because the types of Node do not know highWaterMark.
  const options = {
    allowHalfOpen: true,
    highWaterMark: HIGH_WATER,
    keepAlive: KEEP_ALIVE.keepAlive,
    keepAliveInitialDelay: KEEP_ALIVE.keepAliveInitialDelay,
    noDelay: true,
    host: place.host,
    port: place.port,
  }
  return options
}

function toTls({ serverName, ca, insecure }: TlsSettings): ConnectionOptions {
  return {
    // RFC 6066, 3: the name in the handshake is no address. Node checks the certificate for the host then.
    servername: isIP(serverName) === 0 ? serverName : '',
    ...(ca === undefined ? {} : { ca }),
    rejectUnauthorized: !insecure,
    ALPNProtocols: ['http/1.1'],
  }
}
