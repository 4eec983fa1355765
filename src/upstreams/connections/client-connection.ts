import type { ByteStream, StreamListener } from '../../core/byte-stream.ts'
import type { KeptConnection } from './kept-connections.ts'
import type { ConnectionUser, LentConnection } from './lent-connection.ts'
import type { AnswerReader, WireProtocol } from './wire-protocol.ts'

/** A connection to an address, with what has it. */
export class ClientConnection implements StreamListener, KeptConnection, LentConnection {
  readonly stream: ByteStream
  readonly reader: AnswerReader
  /** Requests that it had before. */
  uses = 0
  /** When it was used last. */
  idleSince = 0
  #user: ConnectionUser | undefined
  readonly #onIdleEnd: (connection: ClientConnection) => void

  /** `onIdleEnd` is called when it ends, or anything arrives, while nobody has it. */
  constructor(
    stream: ByteStream,
    protocol: WireProtocol,
    onIdleEnd: (connection: ClientConnection) => void,
  ) {
    this.stream = stream
    this.#onIdleEnd = onIdleEnd
    this.reader = protocol.createReader({
      onOutput: (chunk) => this.#user?.onOutput(chunk),
      onErrors: (chunk) => this.#user?.onErrors(chunk),
      onComplete: () => this.#user?.onComplete(),
      onRefused: (error, begun) => this.#user?.onRefused(error, begun),
    })
    stream.listener = this
    stream.onClose((error) => {
      if (this.#user === undefined) this.#onIdleEnd(this)
      else this.#user.onClose(error)
    })
  }

  /** Gives it to a user. */
  lend(user: ConnectionUser): void {
    this.#user = user
    this.uses += 1
  }

  /** The user is done with it. Whatever comes now belongs to no request. */
  free(): void {
    this.#user = undefined
    this.idleSince = performance.now()
  }

  close(): void {
    this.stream.destroySoon()
  }

  onData(chunk: Buffer): void {
    if (this.#user === undefined) this.#drop()
    else this.#user.onData(chunk)
  }

  onEnd(): void {
    if (this.#user === undefined) this.#drop()
    else this.#user.onStreamEnd()
  }

  onTaken(): void {
    this.#user?.onTaken()
  }

  #drop(): void {
    this.#onIdleEnd(this)
    this.stream.destroy()
  }
}
