import { Agent, request } from 'node:http'

const DEADLINE = 30_000

/** Clients that ask all the time; answers are numbers that grow with the code. */
export class ConstantLoad {
  answered = 0
  /** Requests without a whole answer of status 200. */
  readonly lost: string[] = []
  /** Answers of old code on new connections, asked for after new code had answered. */
  stale = 0
  readonly #url: string
  readonly #agents: Agent[] = []
  readonly #clients: Promise<void>[] = []
  readonly #waiting = new Map<number, (() => void)[]>()
  #newest = 0
  #stopped = false

  constructor(url: string) {
    this.#url = url
  }

  /** Adds clients that keep their connections, and such as open one for each request. */
  start(kept: number, fresh: number): void {
    for (let at = 0; at < kept; at++) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      this.#agents.push(agent)
      this.#clients.push(this.#run(agent))
    }
    for (let at = 0; at < fresh; at++) this.#clients.push(this.#run(undefined))
  }

  /** Resolves when code of this number has answered. */
  async waitFor(number: number): Promise<void> {
    if (this.#newest >= number) return
    await new Promise<void>((resolve) => {
      this.#waiting.set(number, [...(this.#waiting.get(number) ?? []), resolve])
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#clients)
    for (const agent of this.#agents) agent.destroy()
  }

  async #run(agent: Agent | undefined): Promise<void> {
    while (!this.#stopped) {
      const before = this.#newest
      try {
        const number = Number(await this.#ask(agent))
        this.answered += 1
        if (number < before && agent === undefined) this.stale += 1
        if (number > this.#newest) this.#advance(number)
      } catch (error) {
        this.lost.push(String(error))
      }
    }
  }

  #advance(number: number): void {
    this.#newest = number
    for (const resolve of this.#waiting.get(number) ?? []) resolve()
    this.#waiting.delete(number)
  }

  #ask(agent: Agent | undefined): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = request(this.#url, { agent: agent ?? false, timeout: DEADLINE })
      outgoing.once('error', reject)
      outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')))
      outgoing.once('response', (response) => {
        let text = ''
        response.setEncoding('latin1').on('data', (piece: string) => (text += piece))
        response.once('error', reject)
        response.once('end', () =>
          response.statusCode === 200 ? resolve(text) : reject(new Error(`${response.statusCode}`)),
        )
      })
      outgoing.end()
    })
  }
}
