import { createPortError, isPort } from './address.ts'
import type { Environment } from './environment.ts'
import { GivenOptions } from './given-options.ts'
import { listHandedSockets } from './handed-sockets.ts'
import type { Layer } from './layers.ts'

/** Options from variables of the platform. */
export interface ForeignVariables {
  readonly layer: Layer
  readonly hints: readonly string[]
  readonly warnings: readonly string[]
}

/** Where the variables come from. */
export interface VariableReader {
  readonly environment: Environment
  readonly directory: string
  /** Sockets for another process are not used. */
  readonly pid?: number | undefined
  /** Standard input is a listening socket, as spawn-fcgi, mod_fcgid and lighttpd make it. */
  readonly listensAtInput?: boolean | undefined
}

/** Reads LISTEN_FDS (systemd), PORT and WEB_CONCURRENCY, and what standard input is. Every other layer overrides them. Throws `USAGE` for a wrong PORT. */
export function loadForeignLayer(
  reader: VariableReader,
  stronger: readonly Layer[],
): ForeignVariables {
  const options = new GivenOptions()
  const hints: string[] = []
  const warnings: string[] = []
  const isGiven = (key: string): boolean => stronger.some((layer) => layer.value[key] !== undefined)
  const take = ({ key, name, given, hint }: Taken): void => {
    options.add(key, given, { name, kind: 'variable' })
    hints.push(hint)
  }
  const sockets = readSockets(reader)
  const port = reader.environment['PORT'] ?? ''
  if (isGiven('bind')) {
    if (sockets !== undefined && !namesDescriptor(stronger))
      warnings.push(
        'LISTEN_FDS: the sockets of systemd are not used, because other addresses are configured',
      )
  } else if (sockets !== undefined) take(sockets)
  else if (reader.listensAtInput === true) take(INPUT)
  else if (port !== '') take(readPort(port, stronger))
  const workers = reader.environment['WEB_CONCURRENCY'] ?? ''
  if (workers !== '' && !isGiven('processes')) take(readWorkers(workers))
  return { layer: options.toLayer(reader.directory), hints, warnings }
}

/** Whether an address is an inherited descriptor, such as `fastcgi+fd:3`. */
function namesDescriptor(layers: readonly Layer[]): boolean {
  const given = layers.flatMap(({ value }) => value['bind'] ?? [])
  return given.some((address) => typeof address === 'string' && /^(?:\w+\+)?fd:/.test(address))
}

interface Taken {
  /** Of the configuration. */
  readonly key: string
  /** Of the variable. */
  readonly name: string
  readonly given: unknown
  readonly hint: string
}

const INPUT: Taken = {
  key: 'bind',
  name: 'standard input',
  given: 'fastcgi+fd:0',
  hint: 'standard input is a listening socket, which is --bind fastcgi+fd:0 here',
}

function readSockets({ environment, pid }: VariableReader): Taken | undefined {
  const given = listHandedSockets(environment, pid).map(({ fd }) => `fd:${fd}`)
  const count = given.length
  if (count === 0) return undefined
  const more = count === 1 ? '' : ` to ${given.at(-1)}`
  const hint = `LISTEN_FDS=${count} is --bind ${given[0]}${more} here`
  return { key: 'bind', name: 'LISTEN_FDS', given, hint }
}

/** A platform connects from outside, so it is every interface; with `dev`, which sends tracebacks, this machine only. */
function readPort(port: string, stronger: readonly Layer[]): Taken {
  if (!isPort(port)) throw createPortError('PORT', port)
  const dev = stronger.some(({ value }) => value['dev'] === true)
  const given = `${dev ? '127.0.0.1' : '0.0.0.0'}:${port}`
  const hint = `PORT=${port} is --bind ${given} here${dev ? '' : ', every interface; --bind says otherwise'}`
  return { key: 'bind', name: 'PORT', given, hint }
}

function readWorkers(count: string): Taken {
  const given = /^\d+$/.test(count) ? Number(count) : count
  const hint = `WEB_CONCURRENCY=${count} is --processes ${count} here`
  return { key: 'processes', name: 'WEB_CONCURRENCY', given, hint }
}
