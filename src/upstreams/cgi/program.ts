import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { basename } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { answerError } from '../../core/answer-error.ts'
import { TaipanError, type ErrorCode } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { OutputRecords } from '../../processes/output.ts'
import { CgiRelay } from '../responses/cgi-relay.ts'
import { feedProgram } from './program-body.ts'
import { explainStart } from './start-error.ts'

/** A program to run for a request. */
export interface ProgramTask {
  readonly exchange: Exchange
  /** Absolute path. */
  readonly file: string
  readonly directory: string
  readonly environment: Record<string, string>
  readonly programArguments: readonly string[]
  /** Milliseconds without output until it is ended; 0: no limit. */
  readonly timeout: number
  readonly onErrors: (text: string) => void
  /** Follows a redirect within the server; undefined: the client does. */
  readonly onLocalRedirect: ((target: string) => void) | undefined
  /** The request is over and the program has ended; `problem` says what was wrong. */
  readonly onEnd: (problem: Error | undefined) => void
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

const AFTER_TERM_MS = 2000
// By then all that it has printed is out of the pipe.
const AFTER_EXIT_MS = 1000

/** A running CGI program, with its response. The constructor throws if the system takes no such environment. */
export class Program {
  readonly #task: ProgramTask
  readonly #child: Child
  readonly #relay: CgiRelay
  #problem: Error | undefined
  #timer: NodeJS.Timeout | undefined
  #killer: NodeJS.Timeout | undefined
  #over = false

  constructor(task: ProgramTask) {
    this.#task = task
    const { file, directory: cwd, environment: env, exchange, onLocalRedirect } = task
    const { programArguments } = task
    this.#relay = new CgiRelay({
      exchange,
      nph: basename(file).startsWith('nph-'),
      onLocalRedirect,
      onPause: () => this.#child.stdout.pause(),
      onResume: () => {
        this.#child.stdout.resume()
        this.#watch()
      },
    })
    // A group of its own, so that what it has started ends with it.
    this.#child = spawn(file, programArguments, {
      cwd,
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#listen()
  }

  /** Ends its whole process group at once. */
  kill(): void {
    this.#signal('SIGKILL')
  }

  /** Ends it: SIGTERM to its process group, then SIGKILL. */
  stop(problem: Error): void {
    this.#problem ??= problem
    if (this.#killer !== undefined || this.#child.pid === undefined) return
    this.#signal('SIGTERM')
    this.#killer = setTimeout(() => this.#signal('SIGKILL'), AFTER_TERM_MS)
  }

  #listen(): void {
    const { exchange, onErrors } = this.#task
    const child = this.#child
    child.on('error', (error) => {
      this.#problem ??= explainStart(this.#task.file, error)
      if (child.pid === undefined) this.#end()
    })
    // Without free descriptors it has no pipes, either.
    if (child.pid === undefined) return
    child.on('close', () => this.#end())
    child.on('exit', () => this.#watch())
    child.stdout.on('data', (chunk: Buffer) => this.#take(chunk))
    const records = new OutputRecords(child.stderr, (text) => onErrors(text))
    child.once('close', () => records.flush())
    exchange.onFinish(({ error }) => {
      if (error !== undefined || !this.#relay.hasHead) this.stop(error ?? new Error('answered'))
    })
    this.#watch()
    feedProgram(exchange.body, child.stdin)
  }

  #take(chunk: Buffer): void {
    this.#watch()
    try {
      if (this.#problem === undefined) this.#relay.take(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.stop(error instanceof Error ? error : new Error(String(error)))
    answerError(this.#task.exchange, 'UPSTREAM_FAILED')
  }

  /** Starts the time without output again; a client that does not read stops it. */
  #watch(): void {
    clearTimeout(this.#timer)
    const { timeout, exchange } = this.#task
    const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null
    const limit = hasEnded ? AFTER_EXIT_MS : timeout
    if (limit === 0 || this.#over) return
    this.#timer = setTimeout(() => {
      if (this.#child.stdout.isPaused()) return
      if (hasEnded) {
        this.#leave()
        return
      }
      this.stop(new TaipanError('APPLICATION_TIMEOUT', `no output for ${timeout} ms`))
      answerError(exchange, 'APPLICATION_TIMEOUT')
    }, limit)
  }

  /** Waits no longer for processes that it has started, and that have its output open. */
  #leave(): void {
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    clearTimeout(this.#killer)
    // What it has started and left in its group.
    this.#signal('SIGKILL')
    this.#complete()
    this.#task.onEnd(this.#problem)
  }

  #complete(): void {
    try {
      if (this.#problem === undefined) this.#relay.end()
    } catch (error) {
      this.#problem = error instanceof Error ? error : new Error(String(error))
    }
    if (this.#problem !== undefined) answerError(this.#task.exchange, codeOf(this.#problem))
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch {
      // The group is empty.
    }
  }
}

function codeOf(problem: Error): ErrorCode {
  const isForbidden = problem instanceof TaipanError && problem.code === 'FORBIDDEN'
  return isForbidden ? 'FORBIDDEN' : 'UPSTREAM_FAILED'
}
