import { setTimeout as delay } from 'node:timers/promises'
import { TaipanError } from '../../core/errors.ts'
import { MOST_PROCESSES } from '../../control/schemas.ts'
import { formatCount } from '../../core/format-count.ts'
import type { Environment } from '../../server/config/environment.ts'
import { loadControlPlan } from '../../server/load-control.ts'
import type { ControlCommand } from '../../server/option-types/option.ts'
import type { Layer } from '../../server/config/layers.ts'
import { ControlClient } from './control-client.ts'
import { formatStacks } from './format-stacks.ts'
import { formatStatus } from './format-status.ts'
import { parseStacks, parseStatus } from './parse-answers.ts'
import { runTop } from './top.ts'

const POLL_MS = 100

/** What was written behind such a command. */
export interface ControlLine {
  readonly names: readonly string[]
  readonly json: boolean
  readonly config: string | undefined
  readonly layer: Layer
}

/** Runs a command that speaks with a running server; resolves with the exit code. */
export async function runControl(
  command: ControlCommand,
  line: ControlLine,
  environment: Environment,
): Promise<number> {
  if (command !== 'scale') requireNoNames(command, line.names)
  const { layer, config } = line
  const client = new ControlClient(await loadControlPlan({ layer, config, environment }))
  return await COMMANDS[command](client, line)
}

type Run = (client: ControlClient, line: ControlLine) => Promise<number>

const COMMANDS: Readonly<Record<ControlCommand, Run>> = {
  status: async (client, { json }) => {
    const answer = await client.get('/status')
    print(json ? JSON.stringify(answer, undefined, 2) : formatStatus(parseStatus(answer)))
    return 0
  },
  stacks: async (client, { json }) => {
    const answer = await client.get('/stacks')
    print(json ? JSON.stringify(answer, undefined, 2) : formatStacks(parseStacks(answer)))
    return 0
  },
  reload: async (client) => {
    const answer = await client.post('/reload')
    const took: unknown = Reflect.get(Object(answer), 'took')
    print(`reloaded in ${(Number(took) / 1000).toFixed(1)} s`)
    return 0
  },
  scale: async (client, { names }) => {
    const scaled = parseScale(names)
    await client.post('/scale', scaled)
    print(`group ${scaled.group} has ${formatCount(scaled.processes, 'process')} now, or soon`)
    return 0
  },
  stop: async (client) => {
    await client.post('/stop')
    await waitForEnd(client)
    print('stopped')
    return 0
  },
  top: (client) => runTop(client),
}

function print(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`)
}

function requireNoNames(command: ControlCommand, names: readonly string[]): void {
  if (names.length === 0) return
  const found = names.map((name) => JSON.stringify(name)).join(' ')
  throw new TaipanError(
    'USAGE',
    `taipan ${command} takes no names, found ${found}; say which server by --control ADDR`,
  )
}

function parseScale(names: readonly string[]): { group: string; processes: number } {
  const [group, count = '', ...more] = names
  if (group === undefined || !/^\d+$/.test(count) || more.length > 0)
    throw new TaipanError(
      'USAGE',
      `taipan scale needs a group and a number of processes, as in taipan scale web 4; found ${names.length === 0 ? 'nothing' : names.map((name) => JSON.stringify(name)).join(' ')}`,
    )
  if (Number(count) > MOST_PROCESSES)
    throw new TaipanError(
      'USAGE',
      `taipan scale ${group} ${count}: a group has at most ${MOST_PROCESSES} processes`,
    )
  return { group, processes: Number(count) }
}

/** The control server is there until the server has ended, which has its own time limits. */
async function waitForEnd(client: ControlClient): Promise<void> {
  for (;;) {
    try {
      await client.get('/health')
    } catch (error) {
      if (error instanceof TaipanError && error.code === 'CONTROL_UNREACHABLE') return
      throw error
    }
    await delay(POLL_MS)
  }
}
