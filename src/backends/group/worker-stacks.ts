import type { RunningStack, WorkerStacks } from '../../core/stacks.ts'
import { Answers } from '../../processes/answers.ts'
import type { PlacedFacts } from '../link/request-facts.ts'
import type { MessageFromWorker } from './control-channel.ts'

/** One that does not answer holds the lock of the interpreter, or the processor. */
const PATIENCE_MS = 2000

/** A worker, as one who asks for its stacks sees it. */
export interface AskedWorker {
  readonly pid: number
  readonly group: string
  /** Its requests. */
  readonly requests: readonly PlacedFacts[]
  /** Asks for the stacks; `streams` are pairs of the number of a stream and the id of its request. */
  readonly send: (id: number, streams: readonly (readonly [number, string])[]) => void
}

/** Asks a worker what it does, and puts together what its interpreters say. */
export class StackQuestions {
  readonly #answers = new Answers<readonly Told[]>()
  readonly #parts = new Map<number, { missing: number; told: Told[] }>()

  async ask({ pid, group, requests, send }: AskedWorker): Promise<WorkerStacks> {
    const streams = requests.flatMap(({ stream, facts: { id } }) =>
      stream === undefined ? [] : [[stream, id] as const],
    )
    let asked = 0
    const told = await this.#answers.ask((id) => {
      asked = id
      send(id, streams)
    }, PATIENCE_MS)
    const known = told ?? this.#parts.get(asked)?.told ?? []
    this.#parts.delete(asked)
    return { group, pid, answered: told !== undefined, stacks: complete(known, requests) }
  }

  /** Takes an answer; interpreters of one worker answer one by one. */
  take(message: MessageFromWorker): void {
    const { id, more } = message
    if (typeof id !== 'number') return
    const parts = this.#parts.get(id) ?? { missing: 1, told: [] }
    this.#parts.set(id, parts)
    parts.told.push(...parseTold(message))
    parts.missing += (typeof more === 'number' ? more : 0) - 1
    if (parts.missing > 0) return
    this.#parts.delete(id)
    this.#answers.take(id, parts.told)
  }
}

interface Told {
  readonly kind: 'thread' | 'task'
  readonly name: string
  readonly request: string | undefined
  readonly stack: string
}

function parseTold({ stacks }: MessageFromWorker): Told[] {
  if (!Array.isArray(stacks)) return []
  return stacks.map((one: unknown) => {
    const read = (key: string): unknown => Reflect.get(Object(one), key)
    const request = read('request')
    return {
      kind: read('kind') === 'task' ? 'task' : 'thread',
      name: String(read('name')),
      request: typeof request === 'string' ? request : undefined,
      stack: String(read('stack')),
    }
  })
}

/** Adds what is known of the requests; those that the worker says nothing of have no stack. */
function complete(told: readonly Told[], requests: readonly PlacedFacts[]): RunningStack[] {
  const byId = new Map(requests.map((one) => [one.facts.id, one]))
  const described = told.map(({ request, ...rest }): RunningStack => {
    const known = request === undefined ? undefined : byId.get(request)
    if (request !== undefined) byId.delete(request)
    return { ...rest, request: known && describeRequest(known) }
  })
  const silent = [...byId.values()].map((one): RunningStack => {
    const { stream, place } = one
    const kind = stream === undefined ? 'thread' : 'task'
    return { kind, name: place, request: describeRequest(one), stack: '' }
  })
  return [...described, ...silent]
}

function describeRequest({ application, facts }: PlacedFacts): RunningStack['request'] {
  const { id: request, method, path, age } = facts
  return { request, application, method, path, age }
}
