import { parseArgs } from 'node:util'

/** Options of the command line. */
export interface BenchOptions {
  readonly workloads: readonly string[]
  readonly servers: readonly string[]
  /** Duration of one measurement. */
  readonly seconds: number
  readonly rounds: number
  /** Python threads of each server that has them. */
  readonly threads: number
  /** Interpreter for the virtual environment. */
  readonly python: string
  /** Name of the saved files. */
  readonly name: string
  readonly save: boolean
}

/** Names that the command line accepts. */
export interface KnownNames {
  readonly workloads: readonly string[]
  readonly servers: readonly string[]
}

/** An invalid command line; the message has the way out. */
export class UsageError extends Error {}

/** Text of `--help`. */
export function formatHelp(known: KnownNames): string {
  return `npm run bench -- [options]

  --workload NAMES   ${known.workloads.join(', ')} (default: all)
  --server NAMES     ${known.servers.join(', ')} (default: all)
  --seconds N        length of one measurement, default 4
  --rounds N         measurements of each server, interleaved; the median counts; default 3
  --threads N        Python threads of each server that has them, default 4
  --quick            one round of 1 second
  --python PATH      interpreter of every server, default /usr/bin/python3
  --name NAME        saved as bench/results/NAME.{json,md,svg}, default the date
  --no-save          prints only
  --help
`
}

/** Parses the command line; undefined for `--help`. Throws `UsageError`. */
export function parseOptions(args: readonly string[], known: KnownNames): BenchOptions | undefined {
  const values = parseValues(args)
  if (values.help) return undefined
  const name = values.name ?? new Date().toISOString().slice(0, 10)
  if (!/^[\w.-]+$/.test(name))
    throw new UsageError(`--name ${name} is not a file name: use letters, digits, "-", "." and "_"`)
  return {
    workloads: parseNames('--workload', values.workload, known.workloads),
    servers: parseNames('--server', values.server, known.servers),
    seconds: parseCount('--seconds', values.seconds ?? (values.quick ? '1' : '4'), 60),
    rounds: parseCount('--rounds', values.rounds ?? (values.quick ? '1' : '3'), 20),
    threads: parseCount('--threads', values.threads ?? '4', 64),
    python: values.python ?? '/usr/bin/python3',
    name,
    save: !values['no-save'],
  }
}

function parseValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        workload: { type: 'string', multiple: true },
        server: { type: 'string', multiple: true },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        threads: { type: 'string' },
        python: { type: 'string' },
        name: { type: 'string' },
        quick: { type: 'boolean' },
        'no-save': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function parseNames(
  flag: string,
  given: readonly string[] | undefined,
  known: readonly string[],
): readonly string[] {
  if (given === undefined) return known
  const names = given.flatMap((value) => value.split(',')).filter((name) => name !== '')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new UsageError(`${flag} ${unknown} is not known; choose from: ${known.join(', ')}`)
  return known.filter((name) => names.includes(name))
}

function parseCount(flag: string, value: string, limit: number): number {
  const count = Number(value)
  if (!Number.isInteger(count) || count < 1 || count > limit)
    throw new UsageError(`${flag} ${value} must be a whole number from 1 to ${limit}`)
  return count
}
