import { readdir, readFile } from 'node:fs/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { fetchRaw, pollUntil } from '../support/raw-client.ts'

const APPS = fileURLToPath(new URL('../fixtures/apps', import.meta.url))

/** A line of the journal: which process did what. */
export interface Entry {
  readonly pid: number
  readonly what: string
}

/** A running `fault_lab.py`, with access to its journal. */
export class FaultLab {
  readonly taipan: RunningTaipan
  readonly folder: string

  constructor(taipan: RunningTaipan, folder: string) {
    this.taipan = taipan
    this.folder = folder
  }

  get url(): string {
    return this.taipan.url
  }

  /** Process ids of a worker and of the server. */
  async pids(): Promise<{ worker: number; server: number }> {
    const response = await fetchRaw(this.url, '/pid')
    if (response.status !== 200) throw new Error(`/pid: ${response.status}`)
    const [worker, server] = response.text.split(' ').map(Number)
    return { worker: worker ?? 0, server: server ?? 0 }
  }

  async journal(): Promise<Entry[]> {
    const text = await readFile(join(this.folder, 'journal'), 'utf8')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [pid = '', what = ''] = line.split(' ')
        return { pid: Number(pid), what }
      })
  }

  /** Pids of all processes that began to load the application. */
  async boots(): Promise<number[]> {
    const text = await readFile(join(this.folder, 'boots'), 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map(Number)
  }

  /** Waits until `what` is in the journal `count` times. */
  async waitForEntry(what: string, count = 1): Promise<void> {
    await pollUntil(
      async () =>
        (await this.journal()).filter((entry) => entry.what === what).length >= count
          ? true
          : undefined,
      `${what} in the journal`,
    )
  }

  async openGate(name: string): Promise<void> {
    await writeFile(join(this.folder, name), '')
  }

  async stop(): Promise<void> {
    await this.taipan.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export async function startFaultLab(
  options: readonly string[],
  { env = {}, config }: { env?: Record<string, string>; config?: object } = {},
): Promise<FaultLab> {
  const folder = await mkdtemp(join(tmpdir(), 'taipan-faults-'))
  const target = ['fault_lab.py', '-b', '127.0.0.1:0']
  if (config !== undefined)
    await writeFile(join(folder, 'taipan.config.json'), JSON.stringify(config))
  const args =
    config === undefined
      ? [...target, ...options]
      : ['--config', join(folder, 'taipan.config.json'), ...options]
  const taipan = await startTaipan(args, { cwd: APPS, env: { LAB_FOLDER: folder, ...env } })
  return new FaultLab(taipan, folder)
}

/** Configuration equal to the command line, with settings that have no flags. */
export function labConfig(group: object, rest: object = {}): object {
  return {
    bind: ['127.0.0.1:0'],
    groups: { web: { processes: 1, threads: 1, ...group } },
    apps: { lab: { target: join(APPS, 'fault_lab.py'), group: 'web' } },
    routes: [{ path: '/', app: 'lab' }],
    ...rest,
  }
}

/** Memory of a process in MB: resident now, and its peak. */
export async function readMemory(pid: number): Promise<{ resident: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const value = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024
  return { resident: value('VmRSS'), peak: value('VmHWM') }
}

export async function countDescriptors(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

/** Running processes whose parent is `pid`. */
export async function listChildren(pid: number): Promise<number[]> {
  const children: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(parent) === pid && state !== 'Z') children.push(Number(entry))
  }
  return children
}

/** False once the process has ended (a zombie has). */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z'
}
