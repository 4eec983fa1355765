import type { LegacyServer } from '../../core/legacy-server.ts'
import type { FullConfig } from '../options/schema.ts'

type RouteConfig = FullConfig['routes'][number]

/** The server of old that a route has, with the folder of its sources. */
export interface PlacedLegacyServer {
  /** Absolute. */
  readonly directory: string
  readonly server: LegacyServer
}

/** Fills the defaults of `modPython` or `pyisapie`; undefined for other routes. */
export function resolveLegacyServer({
  modPython,
  pyisapie,
}: RouteConfig): PlacedLegacyServer | undefined {
  if (modPython !== undefined) {
    const { directory = '', handler, phases, options, debug, autoReload, path } = modPython
    const { filters, auth } = modPython
    return {
      directory,
      server: {
        kind: 'mod_python',
        handler,
        phases: phases ?? {},
        options: options ?? {},
        debug,
        autoReload,
        path: path ?? [],
        filters: { input: filters?.input ?? [], output: filters?.output ?? [] },
        auth: auth && { realm: auth.realm ?? '', require: auth.require ?? ['valid-user'] },
      },
    }
  }
  if (pyisapie === undefined) return undefined
  const { directory = '', module, interpreterMap } = pyisapie
  // What a function chooses comes with each request.
  const map = typeof interpreterMap === 'function' ? undefined : interpreterMap
  return { directory, server: { kind: 'pyisapie', module, interpreterMap: map } }
}
