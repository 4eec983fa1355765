import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runGenerator } from './generator.ts'
import type { LoadResult } from './load-result.ts'

/** Connections of HTTP/2, and requests at a time in each. */
interface Http2Load {
  readonly url: string
  readonly connections: number
  readonly streams: number
  readonly seconds: number
}

/** Runs h2load with one thread for the given time. Rejects if the server does not choose HTTP/2. */
export async function runHttp2Load(load: Http2Load): Promise<LoadResult> {
  const { url, connections, streams, seconds } = load
  const folder = mkdtempSync(join(tmpdir(), 'taipan-h2load-'))
  const log = join(folder, 'log')
  const numbers = ['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`]
  try {
    const program = { command: 'h2load', args: [...numbers, `--log-file=${log}`, url] }
    const output = await runGenerator(program, seconds)
    if (!output.includes('Application protocol: h2\n'))
      throw new Error(`h2load did not speak HTTP/2: ${output.slice(-500).trim()}`)
    return parseHttp2Load(output, readFileSync(log, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Counts what the summary says; the log has status and duration of each answer, in microseconds. */
function parseHttp2Load(output: string, log: string): LoadResult {
  const answers = log.split('\n').flatMap(parseAnswer)
  const durations = answers.map(({ duration }) => duration).toSorted((a, b) => a - b)
  const at = (part: number) => durations[Math.floor(durations.length * part)] ?? 0
  return {
    requests: answers.length,
    seconds: readNumber(output, /finished in ([\d.]+)s/),
    bytes: readNumber(output, /^traffic: .*?\((\d+)\) total/m),
    p50: at(0.5),
    p99: at(0.99),
    connect: 0,
    read: readNumber(output, /(\d+) failed/),
    write: 0,
    status: answers.filter(({ status }) => status < 200 || status >= 400).length,
    timeout: readNumber(output, /(\d+) timeout/),
  }
}

function parseAnswer(line: string) {
  const [, status, duration] = line.split('\t').map(Number)
  return status === undefined || duration === undefined ? [] : [{ status, duration }]
}

function readNumber(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1]
  if (found === undefined)
    throw new Error(`h2load says no ${pattern.source}: ${output.slice(-500)}`)
  return Number(found)
}
