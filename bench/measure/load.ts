import { join } from 'node:path'
import * as v from 'valibot'
import { startChild, stopChild, type Program } from './children.ts'

/** Options of the load generator. */
export interface Load {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** Size of POST bodies in bytes; 0 sends GET. */
  readonly bodySize: number
  /** Message for WebSockets, sent again after each echo. */
  readonly message?: string | undefined
  /** Requests of wrk, instead of `load.lua`. */
  readonly script?: string
}

const schema = v.object({
  requests: v.number(),
  seconds: v.number(),
  bytes: v.number(),
  /** Microseconds. */
  p50: v.number(),
  /** Microseconds. */
  p99: v.number(),
  connect: v.number(),
  read: v.number(),
  write: v.number(),
  status: v.number(),
  timeout: v.number(),
})

/** Result of the load generator. */
export type LoadResult = v.InferOutput<typeof schema>

const GRACE = 15_000

/** Runs wrk, or our own WebSocket clients, with one thread for the given time. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const child = startChild(createGenerator(load))
  let output = ''
  child.stdout?.on('data', (piece: unknown) => (output += String(piece)))
  child.stderr?.on('data', (piece: unknown) => (output += String(piece)))
  const timer = setTimeout(() => void stopChild(child), load.seconds * 1000 + GRACE)
  try {
    await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
  } finally {
    clearTimeout(timer)
  }
  const line = /^RESULT (.*)$/m.exec(output)?.[1]
  if (line === undefined)
    throw new Error(`the load generator did not end in time ${output.trim()}`.trim())
  return v.parse(schema, JSON.parse(line.replaceAll(/-?nan/g, '0')))
}

function createGenerator(load: Load): Program {
  const { url, connections, seconds, message } = load
  if (message === undefined) return { command: 'wrk', args: formatArguments(load) }
  const script = join(import.meta.dirname, '../clients/socket-load.mjs')
  const args = [script, new URL(url).port, String(connections), String(seconds), message]
  return { command: process.execPath, args }
}

function formatArguments(load: Load): readonly string[] {
  const { url, connections, seconds, bodySize } = load
  const { script = join(import.meta.dirname, 'load.lua') } = load
  const tail = bodySize > 0 ? ['--', String(bodySize)] : []
  return [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    '--latency',
    '-s',
    script,
    url,
    ...tail,
  ]
}
