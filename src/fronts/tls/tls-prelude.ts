import type { ByteStream, StreamListener } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import type { LimitedLog } from '../../core/limited-log.ts'
import type { Handshakes } from '../../streams/tls/handshakes.ts'
import { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import { createRefusal } from '../http1/refusal.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import { PreludeConnection } from '../listening/prelude-connection.ts'
import type { Prelude } from '../listening/prelude.ts'
import type { RefusedConnections } from '../listening/refused-connections.ts'

/** What the connections of an https address share. */
export interface TlsPreludeOptions {
  readonly handshakes: Handshakes
  /** Value of the Server field of refusals. */
  readonly serverSoftware: string
  readonly refusals: LimitedLog
}

/** The handshake of TLS. */
export class TlsPrelude implements Prelude {
  readonly refusesInPlain = false
  readonly #context: HandshakeContext

  /** `refused` has those who speak without TLS, until they have read what is wrong. */
  constructor(options: TlsPreludeOptions, refused: RefusedConnections) {
    const { handshakes, serverSoftware, refusals } = options
    const { text: refusal } = createRefusal(new ResponseEncoder(serverSoftware), NO_TLS)
    this.#context = { handshakes, refused, refusal, refusals }
  }

  begin(stream: ByteStream, proceed: (stream: ByteStream) => void): FrontConnection {
    return new HandshakeConnection(stream, this.#context, proceed)
  }
}

interface HandshakeContext extends Omit<TlsPreludeOptions, 'serverSoftware'> {
  readonly refused: RefusedConnections
  /** The answer for those who speak without TLS, latin-1. */
  readonly refusal: string
}

const NO_TLS = new TaipanError(
  'REQUEST_MALFORMED',
  'this address speaks HTTPS only, and the request came without TLS; write https:// instead of http://',
)

/** First byte of a TLS connection: the record of a handshake (RFC 8446, 5.1). */
const HANDSHAKE = 0x16

/** A connection until its handshake is over. */
class HandshakeConnection extends PreludeConnection implements StreamListener {
  readonly #stream: ByteStream
  readonly #context: HandshakeContext
  readonly #proceed: (stream: ByteStream) => void
  #refused = false

  constructor(
    stream: ByteStream,
    context: HandshakeContext,
    proceed: (stream: ByteStream) => void,
  ) {
    super(stream)
    this.#stream = stream
    this.#context = context
    this.#proceed = proceed
    stream.listener = this
  }

  override expire(): void {
    if (!this.#refused) this.#log('the TLS handshake took too long')
    super.expire()
  }

  onData(chunk: Buffer): void {
    if (chunk[0] === HANDSHAKE) this.#begin(chunk)
    else this.#refuse()
  }

  onEnd(): void {
    this.#stream.destroy()
  }

  onTaken(): void {}

  #begin(unread: Buffer): void {
    this.#context.handshakes.begin(this.#stream, unread, {
      onSecure: (stream) => {
        this.leave()
        this.#proceed(stream)
      },
      onFailed: (reason) => this.#log(`the TLS handshake failed: ${reason}`),
    })
  }

  /** Mostly a person or a program that has written http instead of https. */
  #refuse(): void {
    const { refused, refusal } = this.#context
    this.#refused = true
    this.#log('it speaks no TLS at an https address')
    refused.refuse(this.#stream, refusal)
  }

  #log(reason: string): void {
    const client = this.#stream.facts.remoteAddress
    this.#context.refusals.note({ client }, `connection refused: ${reason}`)
  }
}
