import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { ByteStream } from '../../core/byte-stream.ts'
import { KEEP_ALIVE } from './keep-alive.ts'
import { HIGH_WATER } from './outbox.ts'
import { NetStream } from './net-stream.ts'

/** What to connect to: TCP, whose host name is looked up each time, or a Unix socket. */
export type ConnectPlace =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Receives the outcome of an attempt to connect. */
export interface ConnectListener {
  onConnected(stream: ByteStream): void
  /** `error` has the `code` of the system. */
  onFailed(error: Error): void
}

/** An attempt to connect that has not ended. */
export interface Connecting {
  /** Gives it up; neither method of the listener is called after that. */
  cancel(): void
}

/** Opens a connection by `node:net`. */
export function connectNet(place: ConnectPlace, listener: ConnectListener): Connecting {
  const socket = connect(toOptions(place))
  const onError = (error: Error): void => listener.onFailed(error)
  socket.once('error', onError)
  socket.once('connect', () => {
    socket.off('error', onError)
    listener.onConnected(new NetStream(socket, place.kind === 'unix' ? place.path : ''))
  })
  return { cancel: () => cancel(socket) }
}

function toOptions(place: ConnectPlace): NetConnectOpts {
  const common = { allowHalfOpen: true, highWaterMark: HIGH_WATER }
  if (place.kind === 'unix') return { ...common, path: place.path }
  return { ...common, ...KEEP_ALIVE, noDelay: true, host: place.host, port: place.port }
}

function cancel(socket: Socket): void {
  socket.removeAllListeners('connect')
  socket.removeAllListeners('error')
  // A failure after this concerns nobody.
  socket.on('error', () => {})
  socket.destroy()
}
