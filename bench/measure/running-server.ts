import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startChild, stopChild, type Program } from './children.ts'

/** A server that is ready. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number
}

const START_DEADLINE = 15_000
const PAUSE = 100
const OUTPUT_KEPT = 2000

/** Starts the program and waits until `check` succeeds. Rejects with the output of the program. */
export async function startServer(
  program: Program,
  check: () => Promise<void>,
): Promise<RunningServer> {
  const child = startChild(program)
  const output = collectOutput(child)
  try {
    await waitUntilReady(child, check)
  } catch (cause) {
    await stopChild(child)
    throw new Error(`${cause instanceof Error ? cause.message : ''}\n${output()}`.trim(), { cause })
  }
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: () => stopChild(child) }
}

/** A free port of the loopback interface. */
export async function findFreePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', resolve)
  })
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port was found')
  return address.port
}

async function waitUntilReady(child: ChildProcess, check: () => Promise<void>): Promise<void> {
  let failure: unknown
  child.once('error', (error) => (failure = error))
  const deadline = Date.now() + START_DEADLINE
  while (Date.now() < deadline) {
    if (child.pid === undefined) throw failure
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`ended at its start with ${child.exitCode ?? child.signalCode}`)
    try {
      return await check()
    } catch (error) {
      failure = error
    }
    await sleep(PAUSE)
  }
  throw failure
}

function collectOutput(child: ChildProcess): () => string {
  let text = ''
  const keep = (piece: unknown) => (text = (text + String(piece)).slice(-OUTPUT_KEPT))
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => text.trim()
}
