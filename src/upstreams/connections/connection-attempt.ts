import { PassThrough } from 'node:stream'
import { TaipanError } from '../../core/errors.ts'
import { NO_BODY } from '../../core/no-body.ts'
import { OutputRecords } from '../../processes/output.ts'
import type { Connecting } from '../../streams/net/net-connector.ts'
import type {
  Attempt,
  AttemptEnd,
  AttemptListener,
  GatewayRequest,
} from '../gateway/address-client.ts'
import { CgiRelay } from '../responses/cgi-relay.ts'
import type { NamedFile } from '../responses/named-file.ts'
import { BodyUpload } from './body-upload.ts'
import type { ConnectionUser, LentConnection } from './lent-connection.ts'
import type { WireProtocol } from './wire-protocol.ts'

/** What an attempt needs. */
export interface AttemptOptions<Connection extends LentConnection> {
  readonly request: GatewayRequest
  readonly head: Uint8Array
  readonly listener: AttemptListener
  readonly protocol: Omit<WireProtocol, 'createReader' | 'encodeHead'>
  /** Follow what an answer asks for. */
  readonly onLocalRedirect: ((target: string) => void) | undefined
  readonly onNamedFile: ((file: NamedFile) => void) | undefined
  /** Takes a line that the other side has written for the log. */
  readonly onErrors: (text: string) => void
  /** Opens a new connection, because the kept one is not taken for a second request. */
  readonly onKeptRefused: () => void
  /** Called once, before the listener gets the end. The connection can be used again, or there is none. */
  readonly onFree: (connection: Connection | undefined) => void
}

/** A request that has a connection until its answer is whole. */
export class ConnectionAttempt<Connection extends LentConnection>
  implements Attempt, ConnectionUser
{
  /** Bytes have arrived for it. */
  heard = false
  readonly #options: AttemptOptions<Connection>
  readonly #relay: CgiRelay
  #connecting: Connecting | undefined
  #connection: Connection | undefined
  #upload: BodyUpload | undefined
  #isFresh = false
  #paused = false
  #over = false
  /** Output that may be the last. */
  #latest: Buffer | undefined
  #complete = false
  #errors: PassThrough | undefined

  constructor(options: AttemptOptions<Connection>) {
    this.#options = options
    const { request, protocol, listener, onLocalRedirect, onNamedFile } = options
    this.#relay = new CgiRelay({
      exchange: request.exchange,
      nph: protocol.nph,
      needsEmptyLine: true,
      onLocalRedirect,
      onNamedFile,
      onPause: () => {
        this.#paused = true
        this.#connection?.stream.pause()
      },
      onResume: () => {
        this.#paused = false
        this.#connection?.stream.resume()
        listener.onProgress()
      },
    })
  }

  get held(): boolean {
    return this.#paused || this.#upload?.waitsForClient === true
  }

  /** It waits for a connection. */
  waitFor(connecting: Connecting): void {
    this.#connecting = connecting
  }

  /** Sends the request. */
  run(connection: Connection): void {
    const { request, head, protocol, listener } = this.#options
    this.#connecting = undefined
    this.#connection = connection
    this.#isFresh = connection.uses === 0
    connection.lend(this)
    listener.onConnected()
    const { stream } = connection
    stream.write(head)
    this.#upload = new BodyUpload({
      body: request.body,
      stream,
      protocol,
      file: protocol.file && { ...protocol.file, body: request.file?.read() ?? NO_BODY },
      onMoved: () => listener.onProgress(),
      onBroken: (error) => this.#fail(toTaipanError(error), { begun: 'yes', lost: false }),
    })
    this.#upload.start()
  }

  abort(reason: Error): void {
    if (this.#over) return
    this.#connecting?.cancel()
    const { stream } = this.#connection ?? {}
    const { abortion } = this.#options.protocol
    // One that does not read would keep the connection open.
    if (abortion !== undefined && stream?.closed === false && stream.write(abortion) === 0)
      stream.destroySoon()
    else stream?.destroy()
    const { response } = this.#options.request.exchange
    if (response.begun) response.abort(reason)
    this.#end({ kind: 'answered' })
  }

  /** There is no connection. */
  onUnconnected(error: Error): void {
    const problem = new TaipanError('UPSTREAM_UNREACHABLE', error.message, { cause: error })
    this.#fail(problem, { begun: 'never', lost: true })
  }

  onData(chunk: Buffer): void {
    this.heard = true
    this.#options.listener.onProgress()
    this.#read((connection) => connection.reader.push(chunk))
  }

  onStreamEnd(): void {
    if (this.heard) this.#read((connection) => connection.reader.end())
    else this.#lose('closed the connection without an answer', this.#isFresh)
  }

  onTaken(): void {
    this.#options.listener.onProgress()
    this.#upload?.pump()
  }

  onClose(error: Error | undefined): void {
    // Who leaves a part of the request unread resets the connection, though the answer is whole.
    if (!this.#options.protocol.keeps && this.#relay.isWhole) this.onStreamEnd()
    else {
      const what = `broke the connection${error === undefined ? '' : `: ${error.message}`}`
      this.#lose(what, this.#isFresh || this.heard)
    }
  }

  onOutput(chunk: Buffer): void {
    if (this.#latest !== undefined) this.#relay.take(this.#latest)
    this.#latest = chunk
  }

  onErrors(chunk: Buffer): void {
    if (this.#errors === undefined) {
      this.#errors = new PassThrough()
      // Only its listeners are used.
      void new OutputRecords(this.#errors, this.#options.onErrors)
    }
    this.#errors.write(chunk)
  }

  onComplete(): void {
    this.#complete = true
  }

  onRefused(error: TaipanError, begun: 'never' | 'yes'): void {
    const taken = this.#upload?.begun === true
    if (taken || begun === 'yes' || this.#isFresh)
      this.#fail(error, { begun: taken ? 'yes' : begun, lost: false })
    else this.#leaveKept()
  }

  #leaveKept(): void {
    this.heard = false
    this.#latest = undefined
    this.#upload?.stop()
    this.#connection?.free()
    this.#connection?.stream.destroy()
    this.#connection = undefined
    this.#options.onKeptRefused()
  }

  #read(read: (connection: Connection) => void): void {
    const connection = this.#connection
    if (connection === undefined || this.#over) return
    try {
      read(connection)
      if (this.#over) return
      const latest = this.#latest
      this.#latest = undefined
      if (this.#complete) this.#relay.end(latest)
      else if (latest !== undefined) this.#relay.take(latest)
    } catch (error) {
      this.#fail(toTaipanError(error), { begun: 'yes', lost: false })
      return
    }
    if (this.#complete) this.#succeed(connection)
  }

  #succeed(connection: Connection): void {
    const { stream, reader } = connection
    const { keeps } = this.#options.protocol
    if (this.#paused) stream.resume()
    if (keeps && this.#upload?.done === true && reader.between && !stream.closed) {
      this.#end({ kind: 'answered' }, connection)
      return
    }
    stream.destroy()
    this.#end({ kind: 'answered' })
  }

  #lose(what: string, lost: boolean): void {
    const begun = this.heard || this.#upload?.begun === true ? 'yes' : 'perhaps'
    this.#fail(new TaipanError('UPSTREAM_FAILED', what), { begun, lost })
  }

  #fail(
    error: TaipanError,
    { begun, lost }: { readonly begun: 'never' | 'perhaps' | 'yes'; readonly lost: boolean },
  ): void {
    if (this.#over) return
    this.#connection?.stream.destroy()
    this.#end({ kind: 'failed', error, begun, lost })
  }

  #end(end: AttemptEnd, reusable?: Connection): void {
    this.#over = true
    this.#upload?.stop()
    this.#connection?.free()
    this.#errors?.end()
    this.#options.onFree(reusable)
    this.#options.listener.onEnd(end)
  }
}

function toTaipanError(error: unknown): TaipanError {
  if (error instanceof TaipanError) return error
  return new TaipanError('INTERNAL', error instanceof Error ? error.message : String(error))
}
