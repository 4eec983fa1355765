import type { ByteStream } from '../../../core/byte-stream.ts'
import { RecordType } from '../../../wire/fastcgi/records.ts'
import type {
  ConnectionUser,
  LentConnection,
  LentStream,
} from '../../connections/lent-connection.ts'
import type { AnswerReader } from '../../connections/wire-protocol.ts'
import { readAnswerRecord } from '../answer-records.ts'
import { LaneStream } from './lane-stream.ts'

/** Receives what happens to a lane. */
export interface LaneEvents {
  /** Nobody wants the rest of its answer. */
  readonly onAbort: (lane: Lane) => void
  /** Nobody has it any more; its id is used until END_REQUEST has arrived. */
  readonly onFree: (lane: Lane) => void
  /** Fewer of its bytes wait for the client. */
  readonly onDelivered: () => void
}

interface QueuedRecord {
  readonly type: number
  readonly content: Buffer
}

/** The share that a request has of a connection: all records with its id. */
export class Lane implements LentConnection {
  readonly id: number
  readonly uses = 0
  readonly stream: LentStream
  readonly reader: AnswerReader
  /** Bytes that wait for the client. */
  queued = 0
  /** END_REQUEST has arrived. */
  ended = false
  readonly #events: LaneEvents
  readonly #stream: LaneStream
  #queue: QueuedRecord[] = []
  /** Type of the record that the user gets. */
  #type = 0
  #user: ConnectionUser | undefined

  constructor(id: number, stream: ByteStream, events: LaneEvents) {
    this.id = id
    this.#events = events
    this.#stream = new LaneStream(stream, {
      onResume: () => this.#deliverQueued(),
      onDrop: () => this.#drop(),
    })
    this.stream = this.#stream
    this.reader = { between: true, push: (content) => this.#read(content), end: () => {} }
  }

  /** Somebody has it. */
  get used(): boolean {
    return this.#user !== undefined
  }

  lend(user: ConnectionUser): void {
    this.#user = user
  }

  free(): void {
    this.#user = undefined
    this.#forgetQueued()
    this.#events.onFree(this)
  }

  /** A record with its id, or a piece of one, has arrived. */
  take(type: number, content: Buffer): void {
    if (type === RecordType.END_REQUEST) this.ended = true
    if (this.#user === undefined) return
    if (!this.#stream.paused && this.#queue.length === 0) this.#deliver({ type, content })
    else {
      this.#queue.push({ type, content })
      this.queued += content.length
    }
  }

  /** The connection takes more bytes. */
  noteTaken(): void {
    if (this.#stream.noteTaken()) this.#user?.onTaken()
  }

  /** The connection is lost; an answer that is whole is still delivered. */
  lose(error: Error | undefined): void {
    if (!this.ended) this.#user?.onClose(error)
  }

  #deliver({ type, content }: QueuedRecord): void {
    this.#type = type
    this.#user?.onData(content)
  }

  #read(content: Buffer): void {
    if (this.#user !== undefined) readAnswerRecord(this.#type, content, this.#user)
  }

  #deliverQueued(): void {
    while (!this.#stream.paused) {
      const record = this.#queue.shift()
      if (record === undefined) break
      this.queued -= record.content.length
      this.#deliver(record)
    }
    this.#events.onDelivered()
  }

  #drop(): void {
    if (!this.ended) this.#events.onAbort(this)
    this.#forgetQueued()
  }

  #forgetQueued(): void {
    this.#queue = []
    this.queued = 0
    this.#events.onDelivered()
  }
}
