/** What a request was, for the record of a worker's death. */
export interface RequestFacts {
  readonly id: string
  readonly method: string
  readonly path: string
  /** Milliseconds since hand-over. */
  readonly age: number
}
