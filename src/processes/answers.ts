import { endsWithin } from '../core/ends-within.ts'

/** Questions to a process that wait for its answers, which it may owe forever. */
export class Answers<T> {
  readonly #waiting = new Map<number, (answer: T) => void>()
  #asked = 0

  /** Asks by `send` with an id; undefined when no answer comes within `patience` ms. */
  async ask(send: (id: number) => void, patience: number): Promise<T | undefined> {
    const id = ++this.#asked
    let answer: T | undefined
    const answered = new Promise<void>((resolve) => {
      this.#waiting.set(id, (value) => {
        answer = value
        resolve()
      })
    })
    send(id)
    await endsWithin(answered, patience)
    this.#waiting.delete(id)
    return answer
  }

  take(id: number, answer: T): void {
    this.#waiting.get(id)?.(answer)
  }
}
