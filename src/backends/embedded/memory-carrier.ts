import type { Carrier } from '../link/carrier.ts'
import type { Ffi, Watcher } from './ffi.ts'

const HEADER_BYTES = 64
const INPUT_BYTES = 256 * 1024
const OUTPUT_BYTES = 256 * 1024
const TOTAL_BYTES = HEADER_BYTES + INPUT_BYTES + OUTPUT_BYTES
const LONGEST_TIMER = 0x7fff_ffff

/** Layout of the shared memory, for Python. */
export interface MemoryPlace {
  readonly address: number
  readonly inputOffset: number
  readonly inputBytes: number
  readonly outputOffset: number
  readonly outputBytes: number
}

/** Python's side of the memory. */
export interface PortFacts {
  /** Address of `int turn(int bytes, int polled)`. */
  readonly turn: number
  /** Readable when Python's event loop has work. Node closes it, because it must not poll a descriptor number after it was reused. */
  readonly descriptor: number
}

/**
 * Carries frames in memory that Node and Python share. One call passes all frames written in a turn of Node's loop, runs
 * Python's event loop once, and returns its frames.
 */
export class MemoryCarrier implements Carrier {
  onData: ((chunk: Buffer) => void) | undefined
  onClose: ((error: Error | undefined) => void) | undefined
  onDrain: (() => void) | undefined
  /** Layout of the memory, for Python. */
  readonly place: MemoryPlace
  readonly #ffi: Ffi
  readonly #memory = Buffer.alloc(TOTAL_BYTES)
  readonly #input = this.#memory.subarray(HEADER_BYTES, HEADER_BYTES + INPUT_BYTES)
  readonly #output = this.#memory.subarray(HEADER_BYTES + INPUT_BYTES)
  #turn: ((bytes: number, polled: number) => number) | undefined
  #watcher: Watcher | undefined
  #descriptor: number | undefined
  #filled = 0
  /** Frames that did not fit into the memory. */
  #rest: Buffer[] = []
  #waits = false
  #scheduled = false
  #polled = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity
  #destroyed = false

  constructor(ffi: Ffi) {
    this.#ffi = ffi
    this.place = {
      address: Number(ffi.addressOf(this.#memory)),
      inputOffset: HEADER_BYTES,
      inputBytes: INPUT_BYTES,
      outputOffset: HEADER_BYTES + INPUT_BYTES,
      outputBytes: OUTPUT_BYTES,
    }
  }

  get writable(): boolean {
    return !this.#destroyed
  }

  /** Begins to call Python, which has opened its side of the memory. */
  open(port: PortFacts): void {
    if (this.#destroyed) {
      this.#ffi.close(port.descriptor)
      return
    }
    this.#turn = this.#ffi.functionAt(BigInt(port.turn), ['int', 'int', 'int'])
    this.#descriptor = port.descriptor
    this.#watcher = this.#ffi.watchReadable(port.descriptor, this.#onReadable)
    this.#watcher.unref()
    this.#schedule()
  }

  write(frames: Uint8Array): boolean {
    if (this.#destroyed) return true
    const end = this.#filled + frames.length
    if (end <= INPUT_BYTES && this.#rest.length === 0) {
      this.#input.set(frames, this.#filled)
      this.#filled = end
    } else this.#rest.push(Buffer.from(frames))
    this.#schedule()
    if (this.#rest.length === 0) return true
    this.#waits = true
    return false
  }

  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#turn = undefined
    this.#watcher?.close()
    if (this.#descriptor !== undefined) this.#ffi.close(this.#descriptor)
    clearTimeout(this.#timer)
    this.#rest = []
    setImmediate(() => this.onClose?.(undefined))
  }

  #schedule(): void {
    if (this.#scheduled || this.#turn === undefined) return
    this.#scheduled = true
    // All sockets have been read when frames are written, so there is nothing to wait for.
    process.nextTick(this.#run)
  }

  readonly #runLater = (): void => {
    if (this.#scheduled || this.#turn === undefined) return
    this.#scheduled = true
    setImmediate(this.#run)
  }

  readonly #onReadable = (): void => {
    this.#polled = true
    this.#runLater()
  }

  readonly #onTimer = (): void => {
    this.#timerAt = Infinity
    this.#run()
  }

  readonly #run = (): void => {
    // Prevents another call before Node has written this one's output to the sockets.
    this.#scheduled = true
    const more = this.#call()
    this.#scheduled = false
    if (more || this.#filled > 0) this.#runLater()
  }

  /** Calls Python once; true if there is more to do. */
  #call(): boolean {
    const turn = this.#turn
    if (turn === undefined) return false
    const filled = this.#filled
    const polled = this.#polled ? 1 : 0
    this.#filled = 0
    this.#polled = false
    const result = turn(filled, polled)
    if (result < 0) {
      this.#fail(new Error('Python cannot continue; the log has the reason'))
      return false
    }
    const size = result >> 1
    // Copied, because the memory is reused while responses wait for slow clients.
    const output = size > 0 ? Buffer.from(this.#output.subarray(0, size)) : undefined
    if (this.#rest.length > 0) this.#refill()
    this.#setTimer()
    if (output !== undefined) this.onData?.(output)
    if (this.#waits && this.#rest.length === 0) {
      this.#waits = false
      this.onDrain?.()
    }
    return (result & 1) !== 0 || this.#rest.length > 0
  }

  #refill(): void {
    while (this.#rest.length > 0 && this.#filled < INPUT_BYTES) {
      const [first = Buffer.alloc(0)] = this.#rest
      const taken = first.copy(this.#input, this.#filled)
      this.#filled += taken
      if (taken === first.length) this.#rest.shift()
      else this.#rest[0] = first.subarray(taken)
    }
  }

  #setTimer(): void {
    const delay = this.#memory.readDoubleLE(0)
    if (delay < 0) return
    const now = performance.now()
    // Keeps an earlier timer, which will set the next one.
    if (now + delay >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = now + delay
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.ceil(delay), LONGEST_TIMER)).unref()
  }

  #fail(error: Error): void {
    const { onClose } = this
    this.onClose = undefined
    this.destroy()
    onClose?.(error)
  }
}
