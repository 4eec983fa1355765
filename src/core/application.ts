/** How an application is called. */
export type Interface = 'auto' | 'wsgi' | 'asgi'

/** An application named by a target string (`pkg.mod:attr`, `path/app.py`, a Django folder ...). */
export interface TargetApplication {
  readonly kind: 'target'
  readonly name: string
  readonly interface: Interface
  readonly target: string
  /** Name or expression of the callable when the target names none; undefined tries the usual names. */
  readonly callable: string | undefined
  /** Absolute folder that relative targets count from; also first on `sys.path`. */
  readonly directory: string
  /** False: loaded anew for each request, with `wsgi.run_once` true. */
  readonly cacheCallables: boolean
  readonly reloadOnModification: boolean
  /** False: one request at a time in each process, and `wsgi.multithread` false. */
  readonly multithread: boolean
}

/** An application found by modjy's execfile mechanism: folder + file + callable. Loaded at its first request, too. */
export interface FileApplication {
  readonly kind: 'file'
  readonly name: string
  readonly interface: Interface
  /** Absolute. */
  readonly appDirectory: string
  readonly appFilename: string
  readonly callable: string
  /** Query parameter that chooses the callable; undefined switches this off. */
  readonly callableQueryName: string | undefined
  readonly cacheCallables: boolean
  readonly reloadOnModification: boolean
  readonly multithread: boolean
}

/** An application of a process group, as its workers are told of it. */
export type Application = TargetApplication | FileApplication
