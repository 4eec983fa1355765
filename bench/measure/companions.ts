import { join } from 'node:path'
import * as v from 'valibot'
import type { CompanionClients } from '../workloads/workload.ts'
import { startChild, stopChild } from './children.ts'

const schema = v.object({
  /** Connections that were made. */
  opened: v.number(),
  /** Connections that the server still kept at the end. */
  held: v.number(),
})

/** What became of the connections that stood beside the measured ones. */
export type CompanionResult = v.InferOutput<typeof schema>

/** Clients that occupy the server during a measurement. */
export interface Companions extends AsyncDisposable {
  /** Ends them; returns the number of connections that the server had kept, or undefined without such clients. */
  finish(): Promise<CompanionResult | undefined>
}

const READY_DEADLINE = 30_000
const NOBODY: Companions = {
  finish: () => Promise.resolve(undefined),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

/** Starts a program of `bench/clients` if the workload needs one, and waits until its connections are open. */
export async function startCompanions(
  clients: CompanionClients | undefined,
  url: string,
): Promise<Companions> {
  if (clients === undefined) return NOBODY
  const child = startChild({
    command: process.execPath,
    args: [
      join(import.meta.dirname, '../clients', clients.script),
      new URL(url).port,
      String(clients.count),
    ],
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = readLines(child.stdout)
  const nextLine = async () => String((await withDeadline(lines.next(), READY_DEADLINE)).value)
  const stop = () => stopChild(child)
  try {
    await nextLine()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    finish: async () => {
      child.stdin?.end()
      return v.parse(schema, JSON.parse(await nextLine()))
    },
    [Symbol.asyncDispose]: stop,
  }
}

async function* readLines(stream: AsyncIterable<unknown> | null): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of stream ?? []) {
    const lines = (rest + String(piece)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

async function withDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the clients did not answer in time')), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
