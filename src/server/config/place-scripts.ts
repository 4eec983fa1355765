import type { LegacyServer } from '../../core/legacy-server.ts'
import type { Isolation } from '../../core/isolation.ts'
import { isHandlerTarget, resolveKinds } from '../../pipeline/scripts/script-kinds.ts'
import type { OptionPath } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import type { GivenIsolation } from '../routes/isolation-option.ts'
import {
  distinguish,
  nameSource,
  placeApplication,
  type PlacedApplication,
} from './placed-application.ts'
import { resolveLegacyServer } from './legacy-server.ts'
import { resolveScriptOptions, type GivenScriptOptions } from './script-options.ts'
import { locateTarget } from './target.ts'

type Kinds = Readonly<Record<string, string | false>>

/** What answers with scripts. */
export interface ScriptSource {
  /** A folder, or the target of a handler. */
  readonly source: string
  readonly isHandler: boolean
  /** What answers instead of the scripts of the folder. */
  readonly legacy?: LegacyServer | undefined
  /** Path of the route. */
  readonly mount: string
  /** How it is run. */
  readonly given: GivenScriptOptions & GivenIsolation & { readonly kinds?: Kinds | undefined }
}

/** A route that answers with scripts. */
export interface ScriptRoute extends ScriptSource {
  /** Its application has no other name. */
  readonly where: OptionPath
  readonly group: string | undefined
}

/** All routes that answer with scripts. */
export function listScriptRoutes({ routes, scripts }: FullConfig): ScriptRoute[] {
  const long = routes.flatMap((given, index) => {
    const { handler, path: mount, group } = given
    const legacy = resolveLegacyServer(given)
    const folder = given.scripts ?? legacy?.directory
    const source = folder ?? handler
    const where = ['routes', String(index)]
    const isHandler = folder === undefined
    const common = { isHandler, legacy: legacy?.server, mount, where, group, given }
    return source === undefined ? [] : [{ source, ...common }]
  })
  const short = Object.entries(scripts).map(([path, source]) => ({
    source,
    isHandler: false,
    mount: path,
    where: ['scripts', path],
    group: undefined,
    given: {},
  }))
  return [...long, ...short]
}

/** The application of scripts. */
export function placeScripts(
  { source, isHandler, legacy, mount, given }: ScriptSource,
  place: {
    readonly key: string
    readonly group: string
    readonly isolation: Isolation
    readonly directory: string
    readonly placed: readonly PlacedApplication[]
  },
): PlacedApplication {
  const { key, group, isolation, directory, placed } = place
  // The slash tells a folder from the name of an application.
  const kinds = isHandler || legacy !== undefined ? {} : resolveKinds(given.kinds)
  const shown = isHandler ? source : `${nameSource(source, directory)}/`
  return placeApplication(
    {
      kind: 'scripts',
      name: distinguish(shown, key, placed),
      interface: 'script',
      root: isHandler ? directory : source,
      kinds,
      handlers: isHandler ? [source] : Object.values(kinds).filter(isHandlerTarget),
      directory,
      isHandler,
      legacy,
      mount,
      multithread: true,
      ...resolveScriptOptions(given),
    },
    {
      key,
      group,
      isolation,
      folder: isHandler ? locateTarget(source, directory) : source,
      argument: source,
    },
  )
}
