import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { startChild, type Program } from './children.ts'
import { listTree } from './process-tree.ts'

/** No program of a request lasts longer, in ms. */
const PAUSE = 500

/** Counts the CPU time of a tree by `perf`, with children that nobody waits for. Gives its end, in microseconds. */
export async function startPerf(root: number): Promise<() => Promise<number>> {
  const child = startChild(createProgram(await listLasting(root)))
  let output = ''
  child.stderr?.on('data', (piece: unknown) => (output += String(piece)))
  const ended = once(child, 'close')
  await Promise.race([startCounting(child), ended])
  return async () => {
    child.kill('SIGINT')
    await ended
    const milliseconds = /^([\d.]+),msec,task-clock/m.exec(output)?.[1]
    if (milliseconds === undefined) throw new Error(`perf counted nothing: ${output.trim()}`)
    return Number(milliseconds) * 1000
  }
}

function createProgram(pids: readonly number[]): Program {
  return {
    command: 'perf',
    args: [
      'stat',
      '--field-separator=,',
      '--event=task-clock',
      '--delay=-1',
      '--control=fd:3,4',
      `--pid=${pids.join(',')}`,
    ],
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  }
}

async function startCounting({ stdio: [, , , commands, answers] }: ChildProcess): Promise<void> {
  if (!commands || !('write' in commands) || !answers) throw new Error('perf has no pipes')
  // Its end resets pipes with unread answers.
  for (const pipe of [commands, answers]) pipe.on('error', () => undefined)
  commands.write('enable\n')
  await once(answers, 'data')
}

/** Waits for the last programs of the warm-up. */
async function listLasting(root: number): Promise<readonly number[]> {
  let before: readonly number[]
  let pids = listTree(root)
  do {
    before = pids
    await sleep(PAUSE)
    pids = listTree(root)
  } while (pids.join() !== before.join())
  return pids
}
