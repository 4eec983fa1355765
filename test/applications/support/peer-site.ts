import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { ROOT, startTaipan } from '../../support/cli.ts'
import { createProject } from '../../support/project.ts'
import { pollUntil } from '../../support/raw-client.ts'
import { findDoor } from '../../upstreams/lrwp/support/door.ts'
import { PYTHON, type Site } from './site.ts'

/** The folder that `taipan path python` prints. */
const PYTHON_FOLDER = join(ROOT, 'python')

/** How to start peers. */
export interface PeerOptions {
  /** Where they register, as in `--connect`. */
  readonly door: string
  readonly name: string
  readonly target: string
  readonly words?: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A running program with peers. */
export interface RunningPeers extends Disposable {
  /** Its output so far. */
  readonly output: string
  /** Resolves when it has ended; null: by a signal. */
  readonly exitCode: Promise<number | null>
  waitForOutput(pattern: RegExp): Promise<void>
  /** Ends it by a signal; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `python -m taipan.lrwp` and resolves when a peer has registered. */
export async function startPeers(options: PeerOptions): Promise<RunningPeers> {
  const peers = launchPeers(options)
  await peers.waitForOutput(/registered as/)
  return peers
}

/** Starts `python -m taipan.lrwp`. */
export function launchPeers(options: PeerOptions): RunningPeers {
  const { door, name, target, words = [], ...more } = options
  const module = ['-m', 'taipan.lrwp', target, '--name', name, '--connect', door]
  return startProgram([...module, ...words], more)
}

/** Starts Python with the modules that are for peers. */
export function startProgram(
  words: readonly string[],
  { cwd, env }: Pick<PeerOptions, 'cwd' | 'env'> = {},
): RunningPeers {
  const child = spawn(PYTHON, words, {
    cwd,
    env: { ...process.env, PYTHONPATH: PYTHON_FOLDER, PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exitCode = once(child, 'close').then(() => child.exitCode)
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  return {
    exitCode,
    get output() {
      return output
    },
    waitForOutput: async (pattern: RegExp) =>
      void (await pollUntil(() => pattern.test(output) || undefined, `${pattern} in ${output}`)),
    stop: async (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal)
      return await exitCode
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}

/** A configuration file for peers at `/peers/NAME`, which register at `door`. */
export function formatPeerConfig(door: string, routes: readonly object[] = []): string {
  return JSON.stringify({
    bind: ['127.0.0.1:0'],
    lrwp: { bind: door },
    routes: [...routes, { path: '/peers', lrwp: true }],
  })
}

/** Serves an application by peers, at `/peers/NAME`, beside other routes. */
export async function startPeerSite(
  options: Omit<PeerOptions, 'door'>,
  routes?: readonly object[],
): Promise<Site> {
  const project = createProject({
    'taipan.config.json': formatPeerConfig('127.0.0.1:0', routes),
  })
  const taipan = await startTaipan([], { cwd: project.folder })
  const peers = await startPeers({ ...options, door: `tcp://${await findDoor(taipan)}` })
  return {
    url: taipan.url,
    waitForOutput: async (pattern) => await peers.waitForOutput(pattern),
    stop: async () => {
      const exitCodes = [await peers.stop(), (await taipan.stop()).exitCode]
      project[Symbol.dispose]()
      if (exitCodes.some((code) => code !== 0))
        throw new Error(`exit codes ${exitCodes.join(' and ')}:\n${peers.output}${taipan.output}`)
      return peers.output
    },
  }
}
