import type { DispatchFunction } from '../../pipeline/dispatch/choosers.ts'
import type { Account } from '../../core/confinement.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { ProxiesPlan } from './resolve-proxies.ts'
import type {
  AccessFunction,
  AuthenticationFunctions,
} from '../../pipeline/guard/function-guard.ts'
import type { InterpreterMap } from '../../pipeline/scripts/interpreter-map.ts'
import type { DigestAlgorithm } from '../../wire/http-auth/digest.ts'
import type { FullConfig } from '../options/schema.ts'
import type { LrwpPlan } from '../routes/lrwp-plan.ts'
import type { AnswererPlan } from '../routes/route-kinds.ts'
import type { UpstreamPlan } from '../routes/upstream-route.ts'
import type { Address } from './address.ts'
import type { MetricsPlan } from './resolve-metrics.ts'
import type { TlsPlan } from './tls-plan.ts'
import type { ControlPlan } from './resolve-control.ts'

/** A process group before its interpreter is selected. */
export interface GroupPlan {
  /** The configured interpreter. */
  readonly python: string | undefined
  /** What it is configured by, for messages. */
  readonly pythonSource: string
  /** Folder of its first application, where virtual environments are searched. */
  readonly pythonDirectory: string
  readonly group: Omit<ProcessGroup, 'python' | 'workerOptions'>
  /** The part of its environment that the configuration names, and that wins. */
  readonly ownEnvironment: Readonly<Record<string, string>>
}

/** A group whose service is started at times. */
export interface CronJob {
  readonly group: string
  readonly schedule: string
}

/** Sessions, as workers are told. */
export type SessionPlan = FullConfig['sessions'] & {
  /** Folder that is made for the file of the store; undefined: it is there. */
  readonly directory?: string
  /** Process that removes it; if that cannot, workers do when they end. */
  readonly owner?: number
}

/** A route with its answerer. */
export interface RoutePlan {
  readonly host: string | undefined
  readonly path: string
  /** Methods that it answers; absent: all. */
  readonly method?: readonly string[] | undefined
  /** Pattern for the rest of the path; absent: everything. */
  readonly match?: string | undefined
  readonly answerer: AnswererPlan
  /** Checks before the answerer; absent: none. */
  readonly guard?: GuardPlan | undefined
  /** Paths of error pages, by status; absent: none. */
  readonly errorPages?: Readonly<Record<string, string>> | undefined
}

/** An application that tells something, and its group. */
export interface GuardScript {
  readonly kind: 'script'
  readonly application: string
  readonly group: string
}

/** What tells something: a script, or functions of the configuration. */
export type GuardSource = GuardScript | { readonly kind: 'functions' }

/** The checks before a route. */
export interface GuardPlan {
  /** Index of the route in the configuration. */
  readonly route: number
  readonly access: GuardSource | undefined
  readonly auth: AuthPlan | undefined
  readonly authorizer: UpstreamPlan | undefined
}

/** How users of a route are asked for. */
export interface AuthPlan {
  readonly type: 'basic' | 'digest'
  readonly realm: string
  readonly source: GuardSource
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly algorithms: readonly DigestAlgorithm[]
  /** Milliseconds that a right password is remembered. */
  readonly cache: number
  readonly passesAuthorization: boolean
}

/** The functions of a route. */
export interface RouteFunctions {
  readonly access: AccessFunction | undefined
  readonly auth: AuthenticationFunctions
  readonly interpreterMap: InterpreterMap | undefined
}

/** Which files are watched for changes. */
export interface WatchPlan {
  readonly folders: readonly string[]
  /** Folders whose files the server reads for each request. */
  readonly served: readonly string[]
  /** Folders of scripts, which are new for each request, too; watched with `dev` only. */
  readonly scripts: readonly string[]
  /** Single files whose change counts, wherever they are. */
  readonly files: readonly string[]
  /** Not only code counts, but every file that has an effect on pages. */
  readonly dev: boolean
  /** Patterns of files that are watched besides Python sources. */
  readonly include: readonly string[]
  /** Patterns of files and folders that are not watched. */
  readonly exclude: readonly string[]
}

/** A checked configuration with absolute paths and all defaults, from which the rooms are made. */
export interface ServerPlan {
  readonly addresses: readonly Address[]
  /** Undefined: no address speaks https. */
  readonly tls: TlsPlan | undefined
  readonly http: FullConfig['http']
  /** Undefined: no proxy is believed. */
  readonly proxies: ProxiesPlan | undefined
  readonly groups: readonly GroupPlan[]
  readonly cron: readonly CronJob[]
  readonly routes: readonly RoutePlan[]
  /** Functions of routes, by their index in the configuration. No plain data. */
  readonly routeFunctions: ReadonlyMap<number, RouteFunctions>
  /** Functions that choose for the requests of applications, by their names; no plain data either. */
  readonly dispatchers: ReadonlyMap<string, DispatchFunction>
  /** Key of what clients get and bring back, in hexadecimal digits. */
  readonly secret: string
  /** Prefix that a proxy takes away from the paths of requests. */
  readonly rootPath: string | undefined
  readonly limits: FullConfig['limits']
  readonly timeouts: FullConfig['timeouts']
  readonly buffers: FullConfig['buffers']
  readonly webSocket: FullConfig['webSocket']
  readonly sessions: SessionPlan
  /** Undefined: no route is for peers. */
  readonly lrwp: LrwpPlan | undefined
  /** Folder that is removed when the server has stopped; workers make it when they need it. Undefined: none, or another process removes it. */
  readonly temporaryFolder: string | undefined
  /** Undefined: nobody can control the server. */
  readonly control: ControlPlan | undefined
  readonly log: FullConfig['log']
  /** Where what is measured can be read; undefined: nothing is measured. */
  readonly metrics: MetricsPlan | undefined
  /** Permissions that new files and sockets of the server do not get; undefined: inherited. */
  readonly umask: number | undefined
  /** User that the server becomes once it listens; undefined: it stays what it is. */
  readonly account: Account | undefined
  readonly dev: boolean
  /** Pages in the browser load themselves again after a change. */
  readonly refresh: boolean
  /** With `dev`: host names besides those of this machine for which errors are explained. */
  readonly devHosts: readonly string[]
  /** Responses are compressed. */
  readonly compression: boolean
  readonly reload: boolean
  /** Requests look whether the file that their application is named by has changed. */
  readonly scriptReloading: boolean
  /** Start even if no application can be loaded. */
  readonly startAnyway: boolean
  /** Files to watch for changes with `reload`. */
  readonly watched: WatchPlan
  /** The configuration file, if there is one. */
  readonly configFile: string | undefined
  /** How abbreviations and options of other servers were translated. */
  readonly hints: readonly string[]
  /** Problems that do not prevent the start. */
  readonly warnings: readonly string[]
  /** Folder for relative paths. */
  readonly directory: string
  /** Environment of the process without Taipan's own options. */
  readonly environment: Readonly<Record<string, string>>
  /** Environment files, of which later ones win. */
  readonly envFiles: readonly string[]
}
