import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEADLINE } from './deadlines.ts'

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The built command, as a shell starts it. */
export const COMMAND = join(ROOT, 'dist/cli/main.js')

/** How to run the command. */
export interface CommandOptions {
  readonly cwd?: string
  /** Added to the environment of the tests; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Descriptor of a listening socket to pass on as systemd does. */
  readonly socket?: number
  /** Another installation; the built command of this repository by default. */
  readonly command?: string
}

/** A command that has ended. */
export interface FinishedCommand {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
  /** Both streams, in the order of arrival. */
  readonly output: string
}

/** A running command; `await using` stops it. */
export interface RunningTaipan extends AsyncDisposable {
  /** The first address that it listens on; empty before that. */
  readonly url: string
  readonly urls: readonly string[]
  readonly pid: number
  readonly stdout: string
  readonly stderr: string
  /** Its output so far. */
  readonly output: string
  /** Undefined while it runs, and when a signal ended it. */
  readonly exitCode: number | undefined
  /** Whether it has ended. */
  readonly over: boolean
  kill(signal: NodeJS.Signals): void
  /** Resolves with the first address when it listens; rejects like `waitForOutput`. */
  waitForUrl(): Promise<string>
  /** Resolves with the match when the output after its first `from` characters matches; rejects when the command ends before, or not in time. */
  waitForOutput(pattern: RegExp, from?: number): Promise<string>
  /** Resolves when it has ended by itself or by a signal. */
  waitForExit(): Promise<FinishedCommand>
  /** Asks it to stop gracefully, once, and resolves when it has ended. */
  stop(): Promise<FinishedCommand>
}

/** Starts `taipan serve` with `args` and resolves when it listens; rejects with its output otherwise. */
export async function startTaipan(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<RunningTaipan> {
  const command = new Command(args[0] === 'serve' ? args : ['serve', ...args], options)
  try {
    await command.waitForUrl()
  } catch (error) {
    command.kill('SIGKILL')
    throw error
  }
  return command
}

/** Starts the command with `args` without waiting for anything. */
export function launchTaipan(args: readonly string[], options: CommandOptions = {}): RunningTaipan {
  return new Command(args, options)
}

/** Output without the line that only root is told. */
export function withoutRoot(output: string): string {
  return output.replace(/^.*running as root: .*\n/m, '')
}

/** Runs the command with `args` to its end. */
export async function runTaipan(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<FinishedCommand> {
  return await new Command(args, options).waitForExit()
}

class Command implements RunningTaipan {
  readonly #child: ChildProcess
  readonly #closed: Promise<void>
  #stdout = ''
  #stderr = ''
  #output = ''
  #over = false
  #asked = false

  constructor(args: readonly string[], options: CommandOptions) {
    const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', ...options.env }
    for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name]
    const { socket, command = COMMAND } = options
    const words = socket === undefined ? [] : ['-c', 'LISTEN_PID=$$ exec "$0" "$@"', command]
    this.#child = spawn(socket === undefined ? command : 'sh', [...words, ...args], {
      cwd: options.cwd ?? ROOT,
      env: socket === undefined ? env : { ...env, LISTEN_FDS: '1' },
      stdio: ['ignore', 'pipe', 'pipe', ...(socket === undefined ? [] : [socket])],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#output += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#output += text
    })
    this.#closed = new Promise((resolve) => {
      const finish = (): void => {
        this.#over = true
        resolve()
      }
      this.#child.once('error', (error) => {
        this.#output += String(error)
        finish()
      })
      this.#child.once('close', finish)
    })
  }

  get urls(): readonly string[] {
    return [...this.#output.matchAll(/^(?:.*"msg":")?listening on ([^\s"]+)/gm)].map(
      ([, url = '']) => url,
    )
  }

  get url(): string {
    return this.urls[0] ?? ''
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  get output(): string {
    return this.#output
  }

  get exitCode(): number | undefined {
    return this.#child.exitCode ?? undefined
  }

  get over(): boolean {
    return this.#over
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#over) this.#child.kill(signal)
  }

  async waitForUrl(): Promise<string> {
    await this.waitForOutput(/^(?:.*"msg":")?listening on [^\s"]+["\n]/m)
    return this.url
  }

  async waitForOutput(pattern: RegExp, from = 0): Promise<string> {
    const deadline = Date.now() + DEADLINE
    for (;;) {
      const [found] = pattern.exec(this.#output.slice(from)) ?? []
      if (found !== undefined) return found
      if (this.#over || Date.now() > deadline)
        throw new Error(
          `no ${String(pattern)} in the output (exit code ${this.exitCode}):\n${this.#output}`,
        )
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  async waitForExit(): Promise<FinishedCommand> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.kill('SIGKILL')
    }, DEADLINE)
    await this.#closed
    clearTimeout(timer)
    const { exitCode, stdout, stderr, output } = this
    if (late) throw new Error(`the command had not ended after ${DEADLINE} ms:\n${output}`)
    return { exitCode, stdout, stderr, output }
  }

  async stop(): Promise<FinishedCommand> {
    if (!this.#asked) this.kill('SIGTERM')
    this.#asked = true
    return await this.waitForExit()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The failure of the test itself is what matters.
    await this.stop().catch(() => {})
  }
}
