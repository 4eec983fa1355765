import { parseArgs } from 'node:util'
import { UsageError } from '../options.ts'

const ENGINES = ['daemon', 'embedded'] as const

/** Where Python runs. */
export type Engine = (typeof ENGINES)[number]

/** Options of a soak. */
export interface SoakOptions {
  readonly engines: readonly Engine[]
  readonly requests: number
  /** Number of requests after which the reference for memory is taken. */
  readonly settled: number
  /** Number of WebSockets to open and close. */
  readonly sockets: number
  /** Interpreter for the virtual environment. */
  readonly python: string
}

/** Text of `--help`. */
export const HELP = `npm run bench:soak -- [options]

  --engine NAMES   ${ENGINES.join(', ')} (default: all)
  --requests N     requests to each engine, default 500000
  --settled N      requests after which memory must not grow, default 50000
  --sockets N      WebSockets opened and closed, default 10000
  --python PATH    interpreter, default /usr/bin/python3
  --help

Exits with 1 when memory grew by more than 5 %, descriptors stayed open, or anything failed.
`

/** Parses the command line; undefined for `--help`. Throws `UsageError`. */
export function parseOptions(args: readonly string[]): SoakOptions | undefined {
  const values = parseValues(args)
  if (values.help) return undefined
  const requests = parseCount('--requests', values.requests ?? '500000')
  const settled = parseCount('--settled', values.settled ?? '50000')
  if (settled >= requests)
    throw new UsageError(`--settled ${settled} must be less than --requests ${requests}`)
  return {
    engines: parseEngines(values.engine),
    requests,
    settled,
    sockets: parseCount('--sockets', values.sockets ?? '10000'),
    python: values.python ?? '/usr/bin/python3',
  }
}

function parseValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        engine: { type: 'string', multiple: true },
        requests: { type: 'string' },
        settled: { type: 'string' },
        sockets: { type: 'string' },
        python: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function parseEngines(given: readonly string[] | undefined): readonly Engine[] {
  if (given === undefined) return ENGINES
  return given
    .flatMap((value) => value.split(','))
    .map((name) => {
      const engine = ENGINES.find((known) => known === name)
      if (engine !== undefined) return engine
      throw new UsageError(`--engine ${name} is not known; choose from: ${ENGINES.join(', ')}`)
    })
}

function parseCount(flag: string, value: string): number {
  const count = Number(value)
  if (!Number.isInteger(count) || count < 1 || count > 1e9)
    throw new UsageError(`${flag} ${value} must be a whole number from 1 to 1000000000`)
  return count
}
