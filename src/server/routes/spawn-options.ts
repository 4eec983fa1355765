import type { Protocol } from '../../upstreams/gateway/upstream-address.ts'
import type { LifetimeLimits } from '../../processes/lifetime.ts'
import type { ProgramSettings } from '../../upstreams/spawned/program-settings.ts'
import { findListening, nameProgram } from '../../upstreams/spawned/program-words.ts'
import { choice, duration, integer, list, pairs, size, text } from '../option-types/kinds.ts'
import {
  createSection,
  optional,
  type FullOptions,
  type OptionTable,
} from '../option-types/option.ts'
import type { OptionPath, Problems } from '../option-types/problems.ts'

const PROTOCOLS = ['fastcgi', 'scgi', 'uwsgi', 'http'] as const satisfies readonly Protocol[]

/** A program that an upstream spawns. */
export interface ProgramPlan extends Omit<ProgramSettings, 'shutdown'> {
  readonly protocol: Protocol
}

const MEMORY_LIMIT = {
  soft: optional(size, {
    description: 'Bytes of resident memory above which another process takes the place of one.',
  }),
} satisfies OptionTable

/** When another process of a program takes the place of one. */
const LIMIT_OPTIONS = {
  maximumRequests: optional(integer(0), {
    description: 'Requests that a process answers until another one takes its place (no limit).',
  }),
  maximumRequestsJitter: optional(integer(0), {
    description: 'Most requests added to that at random, for each process anew (0).',
  }),
  restartInterval: optional(duration, {
    description: 'Age at which another process takes the place of one (no limit).',
  }),
  restartIntervalJitter: optional(duration, {
    description: 'Most time added to that at random, for each process anew (0).',
  }),
  memoryLimit: optional(createSection(MEMORY_LIMIT), {
    description: 'Memory of each process of the program.',
    table: MEMORY_LIMIT,
  }),
  cpuTimeLimit: optional(duration, {
    description:
      'Time of a processor that a process may use until another one takes its place (no limit).',
  }),
} satisfies OptionTable

/** Keys of an upstream for a program. */
export const SPAWN_OPTIONS = {
  spawn: optional(list, {
    description:
      'A program that answers, with its arguments; it is kept running. It listens at the socket that it inherits as descriptor 0, or at {socket} or {port} in its arguments; {fd} is the 0.',
  }),
  protocol: optional(choice(PROTOCOLS), { description: 'What the program speaks.' }),
  processes: optional(integer(1, 512), { description: 'Processes of the program (1).' }),
  env: optional(pairs, {
    description: 'Environment of the program besides PATH, LANG and PYTHONPATH, its directory.',
  }),
  directory: optional(text, {
    description: 'Working directory of the program (the folder of the configuration).',
    anchor: 'path',
  }),
  ...LIMIT_OPTIONS,
} satisfies OptionTable

const LIMITS = ['maximumRequests', 'restartInterval', 'memoryLimit', 'cpuTimeLimit'] as const
const KEYS = ['protocol', 'processes', 'env', 'directory', ...LIMITS] as const

/** Context for resolving a program. */
export interface SpawnContext {
  readonly where: OptionPath
  readonly problems: Problems
  /** The usual working directory. */
  readonly directory: string
}

type SpawnConfig = FullOptions<typeof SPAWN_OPTIONS> & {
  readonly urls?: readonly string[] | undefined
  readonly timeouts: { readonly startup: number }
}

/** The program of an upstream; undefined if it has none. Adds errors to `problems`. */
export function resolveProgram(
  config: SpawnConfig,
  { where, problems, directory }: SpawnContext,
): ProgramPlan | undefined {
  const { spawn: words, protocol, urls, processes = 1, env = {}, timeouts } = config
  if (words === undefined) {
    for (const key of KEYS)
      if (config[key] !== undefined)
        problems.add([...where, key], 'needs spawn, a program and its arguments')
    return undefined
  }
  if (urls !== undefined)
    problems.add(
      where,
      'has urls and spawn; a spawned program gets its address from Taipan, so leave one of them out',
    )
  const wrong = findWrongWords(words)
  if (wrong !== undefined) problems.add([...where, 'spawn'], wrong)
  if (protocol === undefined) {
    problems.add(where, `needs protocol, what the program speaks: ${PROTOCOLS.join(', ')}`)
    return undefined
  }
  checkPlaceholders(words, protocol, (message) => problems.add([...where, 'spawn'], message))
  return {
    name: nameProgram(words),
    words,
    protocol,
    listening: findListening(words) ?? 'inherited',
    directory: config.directory ?? directory,
    environment: env,
    processes,
    startup: {
      ms: timeouts.startup,
      name: problems.nameOf([...where, 'timeouts', 'startup']),
    },
    limits: resolveLimits(config, { where, problems }),
  }
}

/** When processes are replaced; undefined: never. Of processes that share a socket nobody could tell which one works. */
function resolveLimits(
  config: SpawnConfig,
  { where, problems }: Pick<SpawnContext, 'where' | 'problems'>,
): LifetimeLimits | undefined {
  const given = LIMITS.filter((key) => config[key] !== undefined)
  const [first] = given
  if (first === undefined) return undefined
  const { processes = 1, spawn: words = [], memoryLimit = {} } = config
  if (processes > 1 && (findListening(words) ?? 'inherited') === 'inherited')
    problems.add(
      [...where, first],
      `needs a place for each of the ${processes} processes: they inherit one listening socket, and nobody could see whether another one takes connections there; write {socket} or {port} where the program shall listen, or give it one process`,
    )
  return {
    maximumRequests: config.maximumRequests ?? 0,
    maximumRequestsJitter: config.maximumRequestsJitter ?? 0,
    restartInterval: config.restartInterval ?? 0,
    restartIntervalJitter: config.restartIntervalJitter ?? 0,
    memoryLimit,
    watchedCpuTime: config.cpuTimeLimit ?? 0,
  }
}

function findWrongWords(words: readonly string[]): string | undefined {
  const [first, ...others] = words
  if (first === undefined) return 'names no program'
  if (words.some((word) => word.includes('\0'))) return 'has a NUL, which no argument can have'
  // There is no shell; the path of a program may have spaces.
  return others.length === 0 && /^[^/\s]+\s/.test(first)
    ? `needs each argument by itself: ${JSON.stringify(first.trim().split(/\s+/))}`
    : undefined
}

function checkPlaceholders(
  words: readonly string[],
  protocol: Protocol,
  add: (message: string) => void,
): void {
  const text = words.join(' ')
  const found = ['{socket}', '{port}', '{fd}'].filter((placeholder) => text.includes(placeholder))
  if (found.length > 1) add(`says ${found.join(' and ')}; a program listens at one of them`)
  if (protocol === 'http' && found.length === 0)
    add(
      'does not say where the program shall listen: write {socket} where it takes the path of a Unix socket, {port} where it takes a port of 127.0.0.1, or {fd} where it takes the descriptor of a listening socket',
    )
}
