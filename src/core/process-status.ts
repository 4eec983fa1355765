import type { RestartCounts } from './restart-reason.ts'

/**
 * What a process does: it loads its applications; it is ready and waits for the others of its generation; it serves; it
 * finishes its requests and gets no new ones; it has been asked to end.
 */
export type WorkerState = 'starting' | 'standby' | 'ready' | 'retiring' | 'stopping'

/** One process of a group or of a program, at the moment of reading. Durations in ms, sizes in bytes. */
export interface WorkerStatus {
  readonly pid: number
  readonly state: WorkerState
  /** Grows with each reload: how many had been asked for when it was started, and one. */
  readonly generation: number
  /** Since its start. */
  readonly age: number
  /** Requests that it has finished. */
  readonly served: number
  /** Requests that it works on; 0 where that is not known of each process. */
  readonly running: number
  /** Resident memory; undefined where the system does not tell. */
  readonly memory: number | undefined
}

/** What came of the last reload that is over. */
export interface ReloadStatus {
  /** The new generation serves. */
  readonly succeeded: boolean
  /** When it was over, in ms since 1970. */
  readonly at: number
  /** From the first call until then, in ms. */
  readonly took: number
  /** Why it failed; empty after a success. */
  readonly message: string
  /** Python's traceback, or the last output; may be empty. */
  readonly traceback: string
}

/** The processes that somebody supervises. */
export interface ProcessesStatus {
  /** Newest generation that serves, or that has served last while there is no process; 0 before the first. */
  readonly generation: number
  /** How many processes there should be now, and the bounds of that. */
  readonly wanted: number
  readonly min: number
  readonly max: number
  readonly workers: readonly WorkerStatus[]
  /** Processes that were replaced since the start, by reason. */
  readonly restarts: RestartCounts
  /** Undefined before the first. */
  readonly lastReload: ReloadStatus | undefined
  /** Why none serves; empty when one does. */
  readonly failure: string
  /** Python's traceback, or the last output; may be empty. */
  readonly traceback: string
}
