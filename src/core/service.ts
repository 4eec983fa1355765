/** Runs from `start` to `stop`. Constructing one has no effect; both methods may be called twice. */
export interface Service {
  /** Resolves when it works. Rejects with the cause, after undoing what was done. */
  start(): Promise<void>
  /** Ends it after the work in progress, or at its own deadline. */
  stop(): Promise<void>
}
