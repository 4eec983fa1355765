import { GivenOptions } from './given-options.ts'
import type { Layer } from './layers.ts'
import { suggest } from '../../core/suggest.ts'
import { listOptions } from '../options/schema.ts'

const PREFIX = 'TAIPAN_'
// Kubernetes sets such variables for a service named taipan; TAIPAN_TEST_ is for Taipan's own tests.
const FOREIGN = /^TAIPAN_(?:TEST_|SERVICE_(?:HOST|PORT)|PORT_\d+_)/

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads the options in `TAIPAN_*` variables; list items are separated by commas. Throws `CONFIG_INVALID`. */
export function loadEnvironmentLayer(environment: Environment, directory: string): Layer {
  const given = new GivenOptions()
  for (const option of listOptions()) {
    const { key, environment: name, form } = option
    const text = name === undefined ? undefined : environment[name]
    if (name === undefined || key === '' || text === undefined || text === '') continue
    const texts = form === 'list' || form === 'pairs' ? splitList(text) : [text]
    given.addTexts(option, texts, { name, kind: 'variable' })
  }
  return given.toLayer(directory)
}

/** Warnings about `TAIPAN_*` variables that are not options. */
export function listUnknownVariables(environment: Environment): string[] {
  const known = listOptions().flatMap(({ environment: name }) => name ?? [])
  const words = known.map((name) => name.slice(PREFIX.length))
  return Object.entries(environment)
    .filter(([name, value = '']) => name.startsWith(PREFIX) && !isForeign(name, value))
    .filter(([name]) => !known.includes(name))
    .map(([name]) => {
      const nearest = suggest(name.slice(PREFIX.length), words, PREFIX)
      return `${name}: there is no such option, so the variable is ignored.${nearest || ` Options: ${known.join(', ')}.`}`
    })
}

function isForeign(name: string, value: string): boolean {
  return FOREIGN.test(name) || /^(?:tcp|udp):/.test(value)
}

// They concern this process alone: its descriptors, and what it tells systemd.
const SYSTEMD_NAMES: ReadonlySet<string> = new Set([
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
  'LISTEN_PIDFDID',
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
])

/** The environment for applications: all variables except Taipan's own options and those of systemd for a service. */
export function listApplicationVariables(environment: Environment): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && !name.startsWith(PREFIX) && !SYSTEMD_NAMES.has(name))
      variables[name] = value
  return variables
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
