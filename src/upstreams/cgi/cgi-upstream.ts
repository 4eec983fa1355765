import { answerError, RETRY_SOON } from '../../core/answer-error.ts'
import type { ErrorCode, TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import { createTextHead } from '../../core/response-head.ts'
import { toLimit } from '../../core/time-limit.ts'
import type { Invocation, Upstream, UpstreamStatistics } from '../../core/upstream.ts'
import { endsWithin } from '../../core/ends-within.ts'
import { decodeLatin1 } from '../../wire/percent.ts'
import { Program } from './program.ts'
import { readQueryArguments } from './query-arguments.ts'
import { createProgramEnvironment, type ProgramSettings } from './program-environment.ts'

/** Options of the programs of a route. Durations in ms. */
export interface CgiOptions extends ProgramSettings {
  /** Programs at the same time. */
  readonly processes: number
  /** Requests that wait for one to end; more are answered with 503. */
  readonly queueLimit: number
  /** Without output; 0: no limit. */
  readonly timeout: number
  /** For programs at a stop; 0: no limit. */
  readonly shutdownTimeout: number
  /** Largest body of unknown length (chunked) that is gathered, because programs must be told the length. */
  readonly gathered: number
  /** Words of a query without `=` are arguments. */
  readonly queryArguments: boolean
  readonly logger: Logger
  /** Follows a redirect within the server. */
  readonly onLocalRedirect: (exchange: Exchange, target: string) => void
}

interface Waiting {
  readonly exchange: Exchange
  readonly invocation: Invocation
}

interface Start {
  readonly filename: string
  readonly environment: Record<string, string>
}

/** Runs a CGI program (RFC 3875) for each request. */
export class CgiUpstream implements Upstream {
  readonly failure: TaipanError | undefined = undefined
  readonly #options: CgiOptions
  readonly #programs = new Set<Program>()
  #waiting: Waiting[] = []
  #stopping = false
  #finished = 0
  #failed = 0
  #onIdle: (() => void) | undefined

  readonly #killAll = (): void => {
    for (const program of this.#programs) program.kill()
  }

  constructor(options: CgiOptions) {
    this.#options = options
  }

  get capacity(): { readonly idle: number; readonly total: number } {
    const total = this.#options.processes
    return { idle: Math.max(0, total - this.#programs.size), total }
  }

  get statistics(): UpstreamStatistics {
    return {
      running: this.#programs.size,
      waiting: this.#waiting.length,
      finished: this.#finished,
      failed: this.#failed,
    }
  }

  gatheredBytes(): number {
    return this.#options.gathered
  }

  start(): Promise<void> {
    this.#stopping = false
    return Promise.resolve()
  }

  run(exchange: Exchange, invocation: Invocation): void {
    if (this.#stopping) this.#refuse(exchange, 'STOPPING')
    else if (this.#programs.size < this.#options.processes) this.#launch(exchange, invocation)
    else if (this.#waiting.length < this.#options.queueLimit)
      this.#waiting.push({ exchange, invocation })
    else this.#refuse(exchange, 'OVERLOADED')
  }

  async stop(waited = 0): Promise<void> {
    this.#stopping = true
    for (const { exchange } of this.#waiting.splice(0)) this.#refuse(exchange, 'STOPPING')
    if (this.#programs.size === 0) return
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
    const patience = Math.max(0, toLimit(this.#options.shutdownTimeout) - waited)
    if (!(await endsWithin(idle, patience)))
      for (const program of this.#programs) program.stop(new Error('the server is stopping'))
    await idle
  }

  #launch(exchange: Exchange, invocation: Invocation): void {
    const { script } = invocation
    if (script === undefined || exchange.body.length === undefined) {
      const text = 'Length Required\n'
      exchange.response.send(createTextHead(411, text.length), text)
      return
    }
    const environment = createProgramEnvironment(exchange, invocation, this.#options)
    if (Object.values(environment).some((value) => value.includes('\0')))
      answerError(exchange, 'REQUEST_MALFORMED')
    else this.#start(exchange, { filename: decodeLatin1(script.filename), environment })
  }

  #start(exchange: Exchange, { filename: file, environment }: Start): void {
    const { timeout, logger, onLocalRedirect, queryArguments } = this.#options
    const { method, query } = exchange.request
    let program: Program
    try {
      program = new Program({
        exchange,
        file,
        directory: file.slice(0, file.lastIndexOf('/')) || '/',
        environment,
        programArguments: queryArguments ? readQueryArguments(method, query) : [],
        timeout,
        onErrors: (text) => logger.info({ request: exchange.id, program: file }, text),
        onLocalRedirect: (target) => onLocalRedirect(exchange, target),
        onEnd: (problem) => this.#end(program, { exchange, file, problem }),
      })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      logger.error({ request: exchange.id, program: file, reason }, `${file}: ${reason}`)
      answerError(exchange, 'FIELDS_TOO_LARGE')
      return
    }
    if (this.#programs.size === 0) process.on('exit', this.#killAll)
    this.#programs.add(program)
  }

  #end(
    program: Program,
    {
      exchange,
      file,
      problem,
    }: { readonly exchange: Exchange; readonly file: string; readonly problem: Error | undefined },
  ): void {
    this.#programs.delete(program)
    if (this.#programs.size === 0) process.off('exit', this.#killAll)
    this.#finished += 1
    if (problem !== undefined) {
      this.#failed += 1
      const facts = { request: exchange.id, program: file, reason: problem.message }
      this.#options.logger.error(facts, `${file}: ${problem.message}`)
    }
    this.#fill()
  }

  /** Starts programs for those that wait and whose clients are still there. */
  #fill(): void {
    while (this.#programs.size < this.#options.processes) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      if (!next.exchange.response.finished) this.#launch(next.exchange, next.invocation)
    }
    if (this.#programs.size === 0) this.#onIdle?.()
  }

  #refuse(exchange: Exchange, code: ErrorCode): void {
    this.#failed += 1
    answerError(exchange, code, RETRY_SOON)
  }
}
