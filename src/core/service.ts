/** Something that runs until it is stopped. Constructing one does nothing; both verbs may be called twice. */
export interface Service {
  /** Resolves once it works; rejects with the cause, and then leaves nothing behind. */
  start(): Promise<void>
  /** Lets work in progress finish, within its own deadline, then ends it. */
  stop(): Promise<void>
}
