import { EventEmitter } from 'node:events'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { COUNTS_BYTES, CLOSED, FIELDS, AVAILABILITY } from '../../src/replicas/connection-counts.ts'
import { Occupancy } from '../../src/replicas/occupancy.ts'

const PAUSES = 6
const LONG_MS = 250

/** Loads of several replicas on one board, and a parent that passes on what they tell each other. */
class Board {
  readonly occupancies: Occupancy[] = []
  told = 0
  /** Free threads of each. */
  idle = 1
  readonly #fields: Int32Array<ArrayBuffer>
  readonly #changes = new EventEmitter()

  constructor(count: number) {
    this.#fields = new Int32Array(COUNTS_BYTES / Int32Array.BYTES_PER_ELEMENT)
    for (let at = 0; at < this.#fields.length; at += FIELDS) this.#fields[at] = CLOSED
    for (let place = 0; place < count; place += 1)
      this.occupancies.push(this.#createOccupancy(place))
    for (const occupancy of this.occupancies) occupancy.announce(true)
    this.deliver()
  }

  /** Which of them accept nobody. */
  get held(): boolean[] {
    return this.occupancies.map((occupancy) => occupancy.held)
  }

  setFull(place: number, full: boolean): void {
    this.occupancies[place]?.setFull(full)
    this.deliver()
  }

  deliver(): void {
    while (this.#changes.emit('change')) continue
  }

  /** The parent clears the place of one that has died. */
  clear(place: number): void {
    this.#fields.set([CLOSED, 0, AVAILABILITY.free], place * FIELDS)
    for (const [index, occupancy] of this.occupancies.entries())
      if (index !== place) occupancy.compare()
    this.deliver()
  }

  #createOccupancy(place: number): Occupancy {
    const onChange = (): void => {
      this.told += 1
      this.#changes.once('change', () => {
        for (const [index, occupancy] of this.occupancies.entries())
          if (index !== place) occupancy.compare()
      })
    }
    return new Occupancy({
      memory: this.#fields.buffer,
      place,
      onChange,
      countIdle: () => this.idle,
    })
  }
}

/** A connection that stays open. */
function createClient(silent = true): { silent: boolean; closed: boolean; onClose: () => void } {
  return { silent, closed: false, onClose: () => {} }
}

beforeEach(() => {
  vi.useFakeTimers()
  // No pause is earned at the very beginning of time.
  vi.advanceTimersByTime(10_000)
})
afterEach(() => {
  vi.useRealTimers()
})

describe('replicas whose threads are all busy', () => {
  test('one is held as long as another has a free thread', () => {
    const board = new Board(3)
    board.setFull(0, true)
    expect(board.held).toEqual([true, false, false])
    board.setFull(1, true)
    expect(board.held).toEqual([true, true, false])
    board.setFull(2, true)
    vi.advanceTimersByTime(LONG_MS)
    board.deliver()
    expect(board.held).toEqual([false, false, false])
    board.setFull(1, false)
    expect(board.held).toEqual([true, false, true])
    board.setFull(0, false)
    expect(board.held).toEqual([false, false, true])
  })

  test('a single one is never held', () => {
    const board = new Board(1)
    board.setFull(0, true)
    vi.advanceTimersByTime(1000)
    expect(board.held).toEqual([false])
  })

  test('one that accepts no more, or has died, counts for nobody', () => {
    const board = new Board(3)
    board.setFull(0, true)
    board.occupancies[1]?.announce(false)
    board.deliver()
    expect(board.held).toEqual([true, false, false])
    board.clear(2)
    expect(board.held).toEqual([false, false, false])
  })

  test('whether a listener is held is told to whoever has it', () => {
    const board = new Board(2)
    const seen: (boolean | undefined)[] = []
    board.occupancies[0]?.onHeld(() => seen.push(board.occupancies[0]?.held))
    board.setFull(0, true)
    board.setFull(1, true)
    vi.advanceTimersByTime(LONG_MS)
    board.deliver()
    expect(seen).toEqual([true, false])
  })

  test('short requests, however many, hold a listener only so often, and long ones always', () => {
    const board = new Board(2)
    let held = 0
    board.occupancies[0]?.onHeld(() => (held += board.occupancies[0]?.held === true ? 1 : 0))
    for (let requests = 0; requests < 1000; requests += 1) {
      board.setFull(0, true)
      board.setFull(0, false)
    }
    expect(held).toBe(PAUSES)
    board.setFull(0, true)
    expect(board.held).toEqual([false, false])
    vi.advanceTimersByTime(LONG_MS)
    expect(board.held).toEqual([true, false])
  })

  test('one whose requests are short counts as free, however many there are', () => {
    const board = new Board(2)
    board.setFull(0, true)
    for (let milliseconds = 0; milliseconds < 500; milliseconds += 1) {
      board.setFull(1, true)
      vi.advanceTimersByTime(1)
    }
    board.deliver()
    expect(board.held).toEqual([true, false])
    vi.advanceTimersByTime(LONG_MS)
    board.deliver()
    expect(board.held).toEqual([false, false])
  })

  test('others are told only what they act upon', () => {
    const board = new Board(3)
    expect(board.told).toBe(0)
    board.setFull(0, true)
    board.setFull(1, true)
    board.setFull(0, false)
    board.setFull(0, true)
    expect(board.told).toBe(0)
    board.setFull(2, true)
    vi.advanceTimersByTime(LONG_MS)
    board.deliver()
    expect(board.told).toBe(1)
    board.setFull(0, false)
    expect(board.told).toBe(2)
    board.setFull(1, false)
    expect(board.told).toBe(2)
  })
})

describe('clients', () => {
  test('are left to those that have fewer, but not to one whose threads are all busy', () => {
    const board = new Board(2)
    const [first, second] = board.occupancies
    for (let clients = 0; clients < 4; clients += 1) first?.enter(createClient(false))
    expect(first?.yields()).toBe(true)
    board.setFull(1, true)
    expect(first?.yields()).toBe(false)
    expect(second?.held).toBe(true)
  })
})

describe('a client that was accepted last', () => {
  test('counts as a busy thread until its request has come', () => {
    const board = new Board(3)
    const client = createClient()
    board.occupancies[0]?.enter(client)
    expect(board.held).toEqual([true, false, false])
    client.silent = false
    board.setFull(0, true)
    board.occupancies[1]?.enter(createClient())
    expect(board.held).toEqual([true, true, false])
    board.occupancies[2]?.enter(createClient())
    expect(board.held).toEqual([true, true, false])
    board.setFull(0, false)
    expect(board.held).toEqual([false, true, false])
  })

  test('leaves the other threads to the next ones', () => {
    const board = new Board(2)
    board.idle = 3
    const [first] = board.occupancies
    const clients = [createClient(), createClient(), createClient(), createClient()]
    const held = clients.map((client) => {
      first?.enter(client)
      return first?.held
    })
    expect(held).toEqual([false, false, true, true])
  })

  test('does not count for long when it sends nothing, or closes', () => {
    const board = new Board(2)
    board.occupancies[0]?.enter(createClient())
    vi.advanceTimersByTime(LONG_MS)
    expect(board.held).toEqual([false, false])
    board.occupancies[0]?.enter({ ...createClient(), closed: true })
    expect(board.held).toEqual([false, false])
  })

  test('does not count for long after a request that was shorter', () => {
    const board = new Board(2)
    board.setFull(1, true)
    vi.advanceTimersByTime(LONG_MS)
    board.occupancies[0]?.enter(createClient())
    board.setFull(0, true)
    board.setFull(1, false)
    vi.advanceTimersByTime(LONG_MS / 10)
    board.setFull(0, false)
    vi.advanceTimersByTime(LONG_MS)
    expect(board.held).toEqual([false, false])
  })

  test('holds a listener only so often', () => {
    const board = new Board(2)
    let held = 0
    board.occupancies[0]?.onHeld(() => (held += board.occupancies[0]?.held === true ? 1 : 0))
    for (let clients = 0; clients < 100; clients += 1) {
      const client = createClient()
      board.occupancies[0]?.enter(client)
      client.silent = false
      board.occupancies[0]?.compare()
    }
    expect(held).toBe(PAUSES)
  })
})
