/** A request that runs at the moment, as the log names it. */
export interface RunningRequestFacts {
  readonly request: string
  readonly application: string
  readonly method: string
  /** Not decoded, without the query. */
  readonly path: string
  /** Milliseconds since it was handed over. */
  readonly age: number
}

/** What a thread or a task does at the moment. */
export interface RunningStack {
  /** `thread` runs a request of WSGI or a script, `task` one of ASGI. */
  readonly kind: 'thread' | 'task'
  /** Name of the thread or task. */
  readonly name: string
  /** Undefined for one that serves no request, such as one that the application has started. */
  readonly request: RunningRequestFacts | undefined
  /** As in a traceback, without frames of Taipan. */
  readonly stack: string
}

/** What runs in a worker at the moment. */
export interface WorkerStacks {
  readonly group: string
  readonly pid: number
  /** False: it did not answer in time, as when C code holds the lock of the interpreter. */
  readonly answered: boolean
  readonly stacks: readonly RunningStack[]
}
