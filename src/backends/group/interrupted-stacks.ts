import { textOf, type MessageFromWorker } from './control-channel.ts'

const KEPT = 20

/** Stacks of the last requests that were interrupted, by the ids of the requests. */
export class InterruptedStacks {
  readonly #stacks = new Map<string, string>()

  /** Takes a message of type `interrupted`. */
  take(message: MessageFromWorker): void {
    const [oldest] = this.#stacks.keys()
    if (this.#stacks.size >= KEPT && oldest !== undefined) this.#stacks.delete(oldest)
    this.#stacks.set(textOf(message, 'request'), textOf(message, 'stack'))
  }

  /** That of a request; may be empty. */
  find(request: string): string {
    return this.#stacks.get(request) ?? ''
  }
}
