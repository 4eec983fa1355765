/** What may follow an address after `?`. */
export interface AddressSettings {
  /** Each connection begins with a PROXY header. */
  readonly proxyProtocol?: boolean
  /** Other processes may listen at the same port; the system shares the clients out. */
  readonly reusePort?: boolean
  /** How many clients may wait for being accepted. */
  readonly backlog?: number
  /** Permissions of a Unix socket. */
  readonly mode?: number
  /** Owner of a Unix socket, and its group: names, or `#` and a number. */
  readonly user?: string
  readonly group?: string
}

/** As much as Linux can hold. */
const MOST_WAITING = 65_535

type Kind = 'tcp' | 'unix' | 'fd'
type Key = keyof AddressSettings

/** The keys that addresses of each kind know. */
const KEYS: Readonly<Record<Kind, readonly Key[]>> = {
  tcp: ['proxyProtocol', 'reusePort', 'backlog'],
  unix: ['proxyProtocol', 'mode', 'user', 'group', 'backlog'],
  fd: ['proxyProtocol', 'backlog'],
}

/** Divides an address into what stands before `?` and the pairs behind it; a path may have a `?`, too. */
export function splitSettings(text: string): { bare: string; pairs: string[] } {
  const [, bare = text, pairs] = /^(.*)\?([\w-]+=[^/?&=]*(?:&[\w-]+=[^/?&=]*)*)$/s.exec(text) ?? []
  return { bare, pairs: pairs?.split('&') ?? [] }
}

/** Parses the pairs for an address of a kind, with some keys left out; returns a message if one is wrong. */
export function parseSettings(
  pairs: readonly string[],
  kind: Kind,
  without: readonly Key[] = [],
): AddressSettings | string {
  const keys = KEYS[kind].filter((key) => !without.includes(key))
  const settings: AddressSettings = {}
  for (const pair of pairs) {
    const [name = '', value = ''] = pair.split('=')
    const key = keys.find((one) => one === name)
    if (key === undefined) return describeUnknown(name, NAMES[kind], keys)
    if (settings[key] !== undefined) return `?${name}= stands twice`
    const problem = PARSERS[key](settings, value)
    if (problem !== undefined) return problem
  }
  return settings
}

const NAMES: Readonly<Record<Kind, string>> = { tcp: 'host:port', unix: 'unix:', fd: 'fd:' }

function describeUnknown(name: string, kind: string, keys: readonly Key[]): string {
  if (keys.length === 0) return `${kind} knows nothing behind ?, found ?${name}=`
  const known = keys.map((key) => `?${key}=`).join(' and ')
  return `${kind} knows ${known} only, found ?${name}=`
}

type Writable = { -readonly [K in Key]?: AddressSettings[K] }

/** Sets a value, or tells what is wrong with it. */
const PARSERS: Readonly<Record<Key, (settings: Writable, value: string) => string | undefined>> = {
  proxyProtocol: (settings, value) => setSwitch(settings, 'proxyProtocol', value),
  reusePort: (settings, value) => setSwitch(settings, 'reusePort', value),
  backlog: (settings, value) => {
    const backlog = /^\d{1,5}$/.test(value) ? Number(value) : 0
    if (backlog < 1 || backlog > MOST_WAITING)
      return `?backlog= is how many clients may wait, from 1 to ${MOST_WAITING}`
    settings.backlog = backlog
    return undefined
  },
  mode: (settings, value) => {
    if (!/^0?[0-7]{3}$/.test(value))
      return 'mode: needs octal permissions, as in unix:/run/taipan.sock?mode=660'
    settings.mode = Number.parseInt(value, 8)
    return undefined
  },
  user: (settings, value) => setAccount(settings, 'user', value),
  group: (settings, value) => setAccount(settings, 'group', value),
}

function setSwitch(settings: Writable, key: 'proxyProtocol' | 'reusePort', value: string) {
  if (value !== 'on' && value !== 'off') return `?${key}= is on or off, found ${value || 'nothing'}`
  settings[key] = value === 'on'
  return undefined
}

/** A number stands for itself, as people know it from chown. */
function setAccount(settings: Writable, key: 'user' | 'group', value: string) {
  if (value === '') return `?${key}= needs a name or a number`
  settings[key] = /^\d+$/.test(value) ? `#${value}` : value
  return undefined
}
