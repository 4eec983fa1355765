import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { pollUntil } from '../support/raw-client.ts'

const PROGRAM = fileURLToPath(new URL('../fixtures/programs/terminal.py', import.meta.url))

/** A command in a terminal. */
export class InTerminal implements Disposable {
  output = ''
  readonly #child: ChildProcess

  constructor(words: readonly string[], cwd: string) {
    this.#child = spawn('python3', [PROGRAM, ...words], {
      cwd,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
  }

  async find(pattern: RegExp): Promise<string> {
    return await pollUntil(() => pattern.exec(this.output)?.[1], String(pattern)).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}; output:\n${this.output}`)
      },
    )
  }

  /** Types a line. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  close(): void {
    this.#child.stdin?.end()
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
