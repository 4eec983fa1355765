import type { ProcessGroup } from '../../core/process-group.ts'
import type { FullConfig } from '../options/schema.ts'
import type { AnswererPlan } from '../routes/route-kinds.ts'
import type { Address } from './address.ts'

/** A process group for which no interpreter has been chosen yet. */
export interface GroupPlan {
  /** What the person asked for. */
  readonly python: string | undefined
  /** Folder of its first application: virtual environments are looked for there. */
  readonly pythonDirectory: string
  readonly group: Omit<ProcessGroup, 'python' | 'workerOptions'>
}

/** One route with what answers it. */
export interface RoutePlan {
  readonly host: string | undefined
  readonly path: string
  readonly answerer: AnswererPlan
}

/** Everything that the rooms are made of: checked, absolute, nothing left undefined that has a default. */
export interface ServerPlan {
  readonly addresses: readonly Address[]
  readonly groups: readonly GroupPlan[]
  readonly routes: readonly RoutePlan[]
  readonly limits: FullConfig['limits']
  readonly timeouts: FullConfig['timeouts']
  readonly buffers: FullConfig['buffers']
  readonly webSocket: FullConfig['webSocket']
  readonly log: FullConfig['log']
  readonly dev: boolean
  readonly reload: boolean
  /** It starts also when no application can be loaded. */
  readonly startAnyway: boolean
  /** Folders whose sources are watched with `reload`. */
  readonly watched: readonly string[]
  /** The configuration file, when there is one. */
  readonly configFile: string | undefined
  /** What the person should know although it works. */
  readonly warnings: readonly string[]
  /** Folder that everything relative counts from. */
  readonly directory: string
  /** Environment of the process without our own options: for finding Python. */
  readonly environment: Readonly<Record<string, string>>
}
