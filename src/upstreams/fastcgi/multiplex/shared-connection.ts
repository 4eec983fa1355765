import type { ByteStream, StreamListener } from '../../../core/byte-stream.ts'
import { formatRecord, RecordDecoder, RecordType } from '../../../wire/fastcgi/records.ts'
import { Lane, type LaneEvents } from './lane.ts'

/** Bytes of one answer that wait for its client; more hold the whole connection. */
const HELD_LIMIT = 1024 * 1024

/** What a connection is made of. */
export interface SharedConnectionParts {
  readonly stream: ByteStream
  /** Most requests at a time. */
  readonly lanes: number
  /** No more requests can be sent by it. */
  readonly onClosed: (connection: SharedConnection) => void
}

/** A connection that has several requests at a time. */
export class SharedConnection implements StreamListener {
  readonly #parts: SharedConnectionParts
  /** By id: also those that nobody waits for, but which have not ended. */
  readonly #lanes = new Map<number, Lane>()
  readonly #decoder: RecordDecoder
  readonly #laneEvents: LaneEvents = {
    onAbort: ({ id }) => this.#write(formatRecord(RecordType.ABORT_REQUEST, id)),
    onFree: (lane) => this.#free(lane),
    onDelivered: () => this.#regulate(),
  }
  /** Lanes that somebody has. */
  #used = 0
  #held = false
  #closing = false

  constructor(parts: SharedConnectionParts) {
    this.#parts = parts
    this.#decoder = new RecordDecoder(
      {
        onRecord: ({ type, id }, chunk, start, end) =>
          this.#lanes.get(id)?.take(type, chunk.subarray(start, end)),
      },
      'UPSTREAM_FAILED',
    )
    parts.stream.listener = this
    parts.stream.onClose((error) => this.#lose(error))
  }

  /** Another request can be sent by it now. */
  get hasRoom(): boolean {
    const { stream, lanes } = this.#parts
    return !this.#closing && !stream.closed && !this.#held && this.#lanes.size < lanes
  }

  /** No request has it. */
  get idle(): boolean {
    return this.#used === 0
  }

  /** A share for a request. */
  open(): Lane {
    let id = 1
    while (this.#lanes.has(id)) id += 1
    const lane = new Lane(id, this.#parts.stream, this.#laneEvents)
    this.#lanes.set(id, lane)
    this.#used += 1
    return lane
  }

  /** Closes it once its requests have ended. */
  close(): void {
    this.#closing = true
    if (this.#used === 0) this.#parts.stream.destroySoon()
  }

  onData(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk)
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)))
      return
    }
    this.#forgetEnded()
    this.#regulate()
  }

  onEnd(): void {
    this.#lose(undefined)
  }

  onTaken(): void {
    for (const lane of this.#lanes.values()) lane.noteTaken()
  }

  #write(record: Buffer): void {
    if (!this.#parts.stream.closed) this.#parts.stream.write(record)
  }

  #free(lane: Lane): void {
    this.#used -= 1
    if (lane.ended) this.#lanes.delete(lane.id)
    if (this.#used > 0) return
    // Whoever does not end what nobody waits for gets a new connection.
    if (this.#closing || this.#lanes.size > 0) {
      this.#retire()
      this.#parts.stream.destroySoon()
    }
  }

  #forgetEnded(): void {
    for (const [id, lane] of this.#lanes) if (lane.ended && !lane.used) this.#lanes.delete(id)
  }

  /** A client that reads slowly must not fill the memory, even if others have to wait. */
  #regulate(): void {
    const isOver = [...this.#lanes.values()].some(({ queued }) => queued > HELD_LIMIT)
    if (isOver === this.#held) return
    this.#held = isOver
    if (isOver) this.#parts.stream.pause()
    else this.#parts.stream.resume()
  }

  #lose(error: Error | undefined): void {
    this.#retire()
    for (const lane of this.#lanes.values()) lane.lose(error)
    if (!this.#parts.stream.closed) this.#parts.stream.destroy()
  }

  #retire(): void {
    if (this.#closing) return
    this.#closing = true
    this.#parts.onClosed(this)
  }
}
