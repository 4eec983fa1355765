import { once } from 'node:events'
import { join } from 'node:path'
import { z } from 'zod'
import { startChild, stopChild } from './children.ts'

const schema = z.object({
  /** Connections that were made. */
  opened: z.number(),
  /** Connections that the server still kept at the end. */
  held: z.number(),
})

/** What became of the connections that stood beside the measured ones. */
export type CompanionResult = z.infer<typeof schema>

/** Clients that occupy the server while others are measured. */
export interface Companions {
  /** Ends them and tells how many connections the server had kept. */
  finish(): Promise<CompanionResult>
}

const READY_DEADLINE = 30_000

/** Starts a program of `bench/clients` and waits until its connections stand. */
export async function startCompanions(
  script: string,
  url: string,
  count: number,
): Promise<Companions> {
  const child = startChild({
    command: process.execPath,
    args: [join(import.meta.dirname, '../clients', script), new URL(url).port, String(count)],
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = readLines(child.stdout)
  await withDeadline(lines.next(), READY_DEADLINE)
  return {
    finish: async () => {
      const closed = once(child, 'close')
      child.stdin?.end()
      const line = await withDeadline(lines.next(), READY_DEADLINE)
      await stopChild(child)
      await closed
      return schema.parse(JSON.parse(String(line.value)))
    },
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
