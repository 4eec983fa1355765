import { readFileSync } from 'node:fs'

import { startTaipan, type RunningTaipan } from './cli.ts'
import type { Project } from './project.ts'
import { DEADLINE } from './deadlines.ts'

const started: RunningTaipan[] = []

/** Serves `app.py` of the project until `endStarted`. */
export async function startReplicas(
  project: Project,
  args: readonly string[],
): Promise<RunningTaipan> {
  const taipan = await startTaipan(['app.py', ...args], { cwd: project.folder })
  started.push(taipan)
  return taipan
}

/** Kills what `startReplicas` has started. */
export async function endStarted(): Promise<void> {
  for (const taipan of started.splice(0)) {
    taipan.kill('SIGKILL')
    await taipan.waitForExit()
  }
}

/** Text of an answer, on a new connection. */
export async function get(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(DEADLINE),
  })
  return await response.text()
}

/** Resolves when `check` is true; rejects when it is not in time. */
export async function waitFor(
  check: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const deadline = Date.now() + DEADLINE
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`no ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The Node processes that serve, as reported by the system. */
export function listReplicas(taipan: RunningTaipan): number[] {
  const path = `/proc/${taipan.pid}/task/${taipan.pid}/children`
  return readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number)
}
