/** A phase of a request under mod_python besides that of the handler, in their order. */
export type ModPythonPhase =
  | 'postReadRequest'
  | 'init'
  | 'headerParser'
  | 'access'
  | 'authen'
  | 'authz'
  | 'type'
  | 'fixup'
  | 'log'
  | 'cleanup'

/** What the directives of mod_python say. */
export interface ModPythonServer {
  readonly kind: 'mod_python'
  /** `PythonHandler`, as it is written there; undefined: only the phases run, and the files of the folder are sent. */
  readonly handler: string | undefined
  /** Handlers of the other phases. */
  readonly phases: { readonly [P in ModPythonPhase]?: string | undefined }
  /** `PythonOption`. */
  readonly options: Readonly<Record<string, string>>
  /** Clients see tracebacks. */
  readonly debug: boolean
  /** Modules are loaded again when their files have changed. */
  readonly autoReload: boolean
  /** Absolute folders that modules are looked for in, after that of the route. */
  readonly path: readonly string[]
  readonly filters: { readonly input: readonly string[]; readonly output: readonly string[] }
  /** Undefined: nobody is asked who they are. */
  readonly auth: { readonly realm: string; readonly require: readonly string[] } | undefined
}

/** How requests are given to PyISAPIe's module. */
export interface PyisapieServer {
  readonly kind: 'pyisapie'
  /** Name of the module with `Request`. */
  readonly module: string
  /** A variable of the request, or the target of a function; requests of one value share their modules. Undefined: all do. */
  readonly interpreterMap: string | undefined
}

/** A server of old whose handlers run here: every request below its folder is for them, whether there is a file or not. */
export type LegacyServer = ModPythonServer | PyisapieServer
