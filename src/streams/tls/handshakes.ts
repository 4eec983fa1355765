import { Socket } from 'node:net'
import { createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls'

import type { ByteStream, StreamFacts } from '../../core/byte-stream.ts'
import { NetStream } from '../net/net-stream.ts'
import { createContexts, type Contexts } from './contexts.ts'
import type { TlsMaterial, TlsPolicy } from './material.ts'
import { readTlsFacts } from './read-tls-facts.ts'

/** Receives the outcome of a handshake; nothing if the connection is lost before. */
export interface HandshakeListener {
  /** `stream` has what the client sends inside of TLS. */
  onSecure(stream: ByteStream): void
  /** The connection is closed. */
  onFailed(reason: string): void
}

interface Pending {
  readonly socket: Socket
  readonly facts: StreamFacts
  readonly listener: HandshakeListener
}

/** Does the handshakes of connections that others have accepted, by the certificates that it has at that moment. */
export class Handshakes {
  readonly #policy: TlsPolicy
  #present: Server

  /** Throws what OpenSSL says of the material. */
  constructor(material: TlsMaterial, policy: TlsPolicy) {
    this.#policy = policy
    this.#present = createHandshakeServer(material, policy)
  }

  /** Other certificates for handshakes that begin from now on. Throws what OpenSSL says, and keeps those that it has. */
  renew(material: TlsMaterial): void {
    this.#present = createHandshakeServer(material, this.#policy)
  }

  /** `unread` was read from the stream already. */
  begin(stream: ByteStream, unread: Uint8Array, listener: HandshakeListener): void {
    const socket = stream.detach()
    if (!(socket instanceof Socket)) throw new Error('TLS needs a socket of node:net')
    // Nothing may read it but TLS, which finds what is put back.
    socket.pause()
    if (unread.length > 0) socket.unshift(unread)
    PENDING.set(socket, { socket, facts: stream.facts, listener })
    this.#present.emit('connection', socket)
  }
}

/** Handshakes by their sockets, which TLS knows as its parents. */
const PENDING = new WeakMap<object, Pending>()

/** A server that listens nowhere: TLS of Node takes connections from elsewhere by its event. */
function createHandshakeServer(material: TlsMaterial, policy: TlsPolicy): Server {
  const contexts = createContexts(material, policy)
  const { clientCertificate, protocols } = policy
  const server = createServer({
    ...contexts.options,
    requestCert: clientCertificate !== 'none',
    rejectUnauthorized: clientCertificate === 'require',
    ALPNProtocols: [...protocols],
    ...(contexts.names.size > 0 && {
      SNICallback: (name: string, done: (error: null, context?: SecureContext) => void) =>
        done(null, contexts.names.find(name.toLowerCase())?.context),
    }),
    allowHalfOpen: true,
  })
  server.on('secureConnection', (socket) => finish(socket, contexts))
  server.on('tlsClientError', (error, socket) => {
    takePending(socket)?.listener.onFailed(describeFailure(error, socket))
  })
  return server
}

function finish(socket: TLSSocket, contexts: Contexts): void {
  const pending = takePending(socket)
  if (pending === undefined) {
    socket.destroy()
    return
  }
  const tls = readTlsFacts(socket, contexts)
  const alpn = socket.alpnProtocol === false ? '' : (socket.alpnProtocol ?? '')
  const facts: StreamFacts = { ...pending.facts, scheme: 'https', alpn, tls }
  pending.listener.onSecure(new NetStream(socket, facts, pending.socket))
}

/** Node does not tell which connection a handshake was of. */
function takePending(socket: TLSSocket): Pending | undefined {
  const parent: unknown = Reflect.get(socket, '_parent')
  if (typeof parent !== 'object' || parent === null) return undefined
  const pending = PENDING.get(parent)
  PENDING.delete(parent)
  return pending
}

/** In the words of OpenSSL, which stand at the end of its messages. */
function describeFailure(error: Error, { authorizationError }: TLSSocket): string {
  // The types of Node say that it is an error; it is a code.
  const refused: unknown = authorizationError
  if (typeof refused === 'string') return `the certificate of the client is refused (${refused})`
  const reason: unknown = Reflect.get(error, 'reason')
  return typeof reason === 'string' ? reason : error.message
}
