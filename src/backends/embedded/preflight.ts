/** What has to be known of a Python before it can run in this process. */
export interface EmbeddingFacts {
  /** Like `3.11.2`. */
  readonly version: string
  /** Of the virtual environment, if there is one. */
  readonly executable: string
  readonly prefix: string
  /** Path of the shared library. */
  readonly libpython: string
  /** It has no global lock. */
  readonly freeThreaded: boolean
  readonly utf8Mode: boolean
  readonly devMode: boolean
  /** From PYTHONHASHSEED; undefined for a random one. */
  readonly hashSeed: number | undefined
}
