import type { ByteStream, StreamFacts, StreamListener } from '../../core/byte-stream.ts'
import type { LimitedLog } from '../../core/limited-log.ts'
import { createProxyHeaderDecoder } from '../../wire/proxy-protocol/decoder.ts'
import type { ProxiedEnds, ProxyHeader } from '../../wire/proxy-protocol/header.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import { PreludeConnection } from '../listening/prelude-connection.ts'
import type { Prelude } from '../listening/prelude.ts'

/** Reads the PROXY header of each connection, and goes on with the ends that it names. */
export class ProxyPrelude implements Prelude {
  readonly refusesInPlain = true
  readonly #refusals: LimitedLog

  constructor(refusals: LimitedLog) {
    this.#refusals = refusals
  }

  begin(stream: ByteStream, proceed: (stream: ByteStream) => void): FrontConnection {
    return new ProxyHeaderConnection(stream, { proceed, refusals: this.#refusals })
  }
}

interface ProxyHeaderContext {
  readonly proceed: (stream: ByteStream) => void
  readonly refusals: LimitedLog
}

/** A connection until its header is whole. A wrong one closes it without a word: who sent it may be anybody. */
class ProxyHeaderConnection extends PreludeConnection implements StreamListener {
  readonly #stream: ByteStream
  readonly #context: ProxyHeaderContext
  readonly #decoder = createProxyHeaderDecoder()

  constructor(stream: ByteStream, context: ProxyHeaderContext) {
    super(stream)
    this.#stream = stream
    this.#context = context
    stream.listener = this
  }

  override expire(): void {
    this.#refuse('the PROXY header did not arrive in time')
  }

  onData(chunk: Buffer): void {
    if (this.#stream.closed) return
    let header: ProxyHeader | undefined
    try {
      header = this.#decoder.push(chunk)
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error))
      return
    }
    if (header !== undefined) this.#proceed(header)
  }

  onEnd(): void {
    // Those who look whether somebody listens send nothing.
    if (this.#stream.silent) this.#stream.destroy()
    else this.#refuse('the connection ended in the PROXY header')
  }

  onTaken(): void {}

  #proceed({ ends, unread }: ProxyHeader): void {
    this.leave()
    this.#context.proceed(this.#stream.continueWith(changeFacts(this.#stream.facts, ends), unread))
  }

  #refuse(reason: string): void {
    const client = this.#stream.facts.remoteAddress
    this.#context.refusals.note({ client }, `connection refused: ${reason}`)
    this.#stream.destroy()
  }
}

function changeFacts(facts: StreamFacts, ends: ProxiedEnds | undefined): StreamFacts {
  if (ends === undefined) return facts
  // Who has an address has not connected to the path of a socket, though the proxy did.
  return { ...facts, ...ends, localPath: ends.localAddress === '' ? facts.localPath : '' }
}
