import { dirname } from 'node:path'
import type { LegacyServer } from './legacy-server.ts'

/** How an application is called. */
export type Interface = 'auto' | 'wsgi' | 'asgi' | 'script'

/** An application named by a target (`pkg.mod:attr`, `path/app.py`, a Django folder ...). */
export interface TargetApplication {
  readonly kind: 'target'
  /** What messages and records call it: its name in the configuration, in the short form what stands for a name there. */
  readonly name: string
  readonly interface: Interface
  readonly target: string
  /** Name or expression of the callable when the target names none; undefined tries the usual names. */
  readonly callable: string | undefined
  /** Absolute; relative targets start here, and it is first on `sys.path`. */
  readonly directory: string
  /** False: load it for each request, with `wsgi.run_once` true. */
  readonly cacheCallables: boolean
  readonly reloadOnModification: boolean
  /** False: one request at a time in each process, and `wsgi.multithread` false. */
  readonly multithread: boolean
  /** Name of the sub-interpreter that it runs in; undefined: the main interpreter. */
  readonly interpreter: string | undefined
  /** Requests may choose the callable. */
  readonly dispatched?: boolean
}

/** An application named by folder, file and callable, as in modjy. Can be loaded at its first request, too. */
export interface FileApplication {
  readonly kind: 'file'
  readonly name: string
  readonly interface: Interface
  /** Absolute. */
  readonly appDirectory: string
  readonly appFilename: string
  readonly callable: string
  /** Query parameter that selects the callable; undefined: none. */
  readonly callableQueryName: string | undefined
  readonly cacheCallables: boolean
  readonly reloadOnModification: boolean
  readonly multithread: boolean
  readonly interpreter: string | undefined
  readonly dispatched?: boolean
}

/** How functions are called that answer requests. */
export type HandlerStyle = (typeof HANDLER_STYLES)[number]

/** All styles. */
export const HANDLER_STYLES = ['pywx'] as const

/** How the scripts of a folder are run. */
export interface ScriptOptions {
  /** Standard output is the response, and standard input the body of the request. */
  readonly attachStdio: boolean
  /** Environment, arguments and working directory are those of CGI. */
  readonly setupCgiEnv: boolean
  /** Scripts are compiled once for each version of their files. */
  readonly useCachingExec: boolean
  /** `execfile` is among the builtins. */
  readonly installCachingExec: boolean
  readonly pspDialect: PspDialect
  /** Values in pages are text, and markup only where they say so. */
  readonly autoescape: boolean
  /** How handlers are called. */
  readonly style: HandlerStyle
  /** Data sources of pools by name; the first one is the default. */
  readonly pools: Readonly<Record<string, string>>
  /** Values for scripts by section and key. */
  readonly config: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** How PSP pages are written. */
export type PspDialect = 'mod_python' | 'webware'

/** A folder of scripts, or a handler. Each request names the script or handler that answers it. */
export interface ScriptsApplication extends ScriptOptions {
  readonly kind: 'scripts'
  readonly name: string
  readonly interface: 'script'
  /** Absolute. */
  readonly root: string
  /** Path in URLs. */
  readonly mount: string
  /** How files are run, by extension; none where a handler or an old server answers. */
  readonly kinds: Readonly<Record<string, string>>
  /** Targets of the handlers. */
  readonly handlers: readonly string[]
  /** Absolute; targets of handlers start here. */
  readonly directory: string
  /** It is one handler, and has no folder of scripts. */
  readonly isHandler: boolean
  /** The server whose handlers answer instead of scripts. */
  readonly legacy: LegacyServer | undefined
  /** False: one request at a time in each process. */
  readonly multithread: boolean
}

/** A script that says who may come in. Each request asks for what it has to tell. */
export interface GuardApplication {
  readonly kind: 'guard'
  readonly name: string
  readonly interface: 'script'
  /** Absolute path of its file. */
  readonly file: string
  /** What it is asked by. */
  readonly functions: readonly GuardFunction[]
  readonly multithread: boolean
}

/** A function of a script that says who may come in. */
export type GuardFunction = 'allow_access' | 'check_password' | 'get_realm_hash' | 'groups_for_user'

/** An application of a process group, as it is sent to the workers. */
export type Application =
  | TargetApplication
  | FileApplication
  | ScriptsApplication
  | GuardApplication

/** Absolute folder that the imports of an application start from. */
export function importFolder(application: Application): string {
  if (application.kind === 'target') return application.directory
  if (application.kind === 'guard') return dirname(application.file)
  return application.kind === 'file' ? application.appDirectory : application.root
}

/** What an application is made of, as people write it. */
export function describeSource(application: Application): string {
  if (application.kind === 'target') return application.target
  if (application.kind === 'scripts')
    return application.isHandler ? application.handlers.join() : application.root
  if (application.kind === 'guard') return application.file
  return `${application.appFilename}:${application.callable}`
}
