import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { runTaipan, startTaipan, type RunningTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject } from '../support/project.ts'

const CONTROL = ['--control', 'unix:control.sock'] as const

/** Answers with its number, after an import that takes a moment. */
function numbered(number: number): string {
  return `
import time
time.sleep(0.05)
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"${number}"]
`
}

/** Clients that ask all the time. */
class Load {
  answered = 0
  readonly lost: string[] = []
  /** Answers of old code that were asked for after new code had answered. */
  stale = 0
  #newest = 0
  #stopped = false
  readonly #url: string
  readonly #runs: Promise<void>[] = []

  constructor(url: string) {
    this.#url = url
  }

  /** `agent`: connections are kept; undefined: each request has its own. */
  add(agent: Agent | undefined): void {
    this.#runs.push(this.#run(agent))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#runs)
  }

  async #run(agent: Agent | undefined): Promise<void> {
    while (!this.#stopped) {
      const before = this.#newest
      try {
        const number = Number(await this.#ask(agent))
        this.answered += 1
        if (number < before && agent === undefined) this.stale += 1
        this.#newest = Math.max(this.#newest, number)
      } catch (error) {
        this.lost.push(String(error))
      }
    }
  }

  #ask(agent: Agent | undefined): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = request(this.#url, { agent: agent ?? false, timeout: DEADLINE })
      outgoing.once('error', (error) => {
        // It was closed while nothing was asked on it, as Node's documentation has it of kept connections.
        const isClosed = 'code' in error && error.code === 'ECONNRESET' && outgoing.reusedSocket
        if (isClosed) resolve(this.#ask(agent))
        else reject(error)
      })
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

describe.each([
  ['daemon', 12],
  ['embedded', 4],
] as const)('%s:', (engine, reloads) => {
  test('reloads under load lose no request, and no new connection gets old code again', async () => {
    using project = createProject({ 'app.py': numbered(0) })
    const cwd = project.folder
    const args = ['-p', '2', '-t', '2', '-e', engine, '--no-access-log', '--no-script-reloading']
    await using taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', ...args], { cwd })
    const load = new Load(taipan.url)
    // Node itself repeats nothing: a kept connection that is closed without a word would be an error.
    using kept = { agent: new Agent({ keepAlive: true }), [Symbol.dispose]: () => {} }
    for (const agent of [undefined, undefined, undefined, kept.agent, kept.agent]) load.add(agent)
    for (let number = 1; number <= reloads; number++) {
      project.write('app.py', numbered(number))
      const from = taipan.output.length
      taipan.kill('SIGHUP')
      await taipan.waitForOutput(/^reloaded$/m, from)
    }
    await load.stop()
    kept.agent.destroy()
    expect(load.lost).toEqual([])
    expect(load.stale).toBe(0)
    expect(load.answered).toBeGreaterThan(reloads)
  })
})

async function readGeneration(cwd: string): Promise<number> {
  const { stdout } = await runTaipan(['status', '--json', ...CONTROL], { cwd })
  const [, text] = /"generation": (\d+)/.exec(stdout) ?? []
  return Number(text)
}

function countReloads({ output }: RunningTaipan): number {
  return [...output.matchAll(/SIGHUP: reloading/g)].length
}

test('signals in a heap are two reloads at most', async () => {
  using project = createProject({ 'app.py': numbered(0) })
  const cwd = project.folder
  const args = ['app.py', '-b', '127.0.0.1:0', '-p', '1', ...CONTROL]
  await using taipan = await startTaipan(args, { cwd })
  for (let number = 0; number < 20; number++) {
    taipan.kill('SIGHUP')
    await delay(2)
  }
  await taipan.waitForOutput(/^reloaded$/m)
  await expect
    .poll(() => [...taipan.output.matchAll(/^reloaded$/gm)].length, { timeout: DEADLINE })
    .toBe(countReloads(taipan))
  expect(countReloads(taipan)).toBeLessThanOrEqual(2)
  expect(await readGeneration(cwd)).toBeLessThanOrEqual(3)
})
