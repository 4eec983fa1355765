import { join } from 'node:path'
import * as v from 'valibot'
import type { Program } from './children.ts'
import { runGenerator } from './generator.ts'
import { runHttp2Load } from './http2-load.ts'
import { loadResultSchema, type LoadResult } from './load-result.ts'

/** Options of the load generator. */
export interface Load {
  readonly url: string
  readonly connections: number
  /** Requests at a time in each connection; HTTP/2 by h2load instead of HTTP/1.1 by wrk. */
  readonly streams?: number | undefined
  readonly seconds: number
  /** Size of POST bodies in bytes; 0 sends GET. */
  readonly bodySize: number
  /** Message for WebSockets, sent again after each echo. */
  readonly message?: string | undefined
  /** Requests of wrk, instead of `load.lua`. */
  readonly script?: string
}

/** Runs wrk, h2load, or our own WebSocket clients, with one thread for the given time. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const { streams } = load
  return streams === undefined ? await runPlainLoad(load) : await runHttp2Load({ ...load, streams })
}

async function runPlainLoad(load: Load): Promise<LoadResult> {
  const output = await runGenerator(createGenerator(load), load.seconds)
  const line = /^RESULT (.*)$/m.exec(output)?.[1]
  if (line === undefined)
    throw new Error(`the load generator did not end in time ${output.trim()}`.trim())
  return v.parse(loadResultSchema, JSON.parse(line.replaceAll(/-?nan/g, '0')))
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
