import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

const DEADLINE = 30_000

/** A command in a pseudo-terminal, made by `script` of util-linux. */
export class Terminal {
  #writes = []
  #text = ''
  #child
  #closed

  /** Starts a command line in a folder. */
  constructor(command, { folder, columns }) {
    const line = `stty cols ${columns} -echo; exec ${command}`
    const { NO_COLOR: _, VIRTUAL_ENV: __, ...env } = process.env
    this.#child = spawn('script', ['--quiet', '--flush', '--command', line, '/dev/null'], {
      cwd: folder,
      env: { ...env, TERM: 'xterm-256color' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#closed = once(this.#child, 'close')
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      this.#text += text
      this.#writes.push({ time: Date.now(), text })
    })
  }

  /** Resolves when the output contains a text. */
  async waitFor(text) {
    const end = Date.now() + DEADLINE
    while (!this.#text.includes(text)) {
      if (Date.now() > end) throw new Error(`no "${text}" in:\n${this.#text}`)
      await sleep(20)
    }
  }

  /** Presses Ctrl-C and waits for the end. */
  async interrupt() {
    this.#child.stdin.write('\x03')
    await this.#closed
  }

  /** What was written, each piece with its time since the first in ms; no pause is longer than `pause`. */
  listWrites(pause) {
    let at = 0
    let last = this.#writes[0]?.time ?? 0
    return this.#writes.map(({ time, text }) => {
      at += Math.min(time - last, pause)
      last = time
      return { at, text }
    })
  }
}
