/** Limits for one request. Sizes in bytes. */
export interface Http1Limits {
  /** All field lines together; more is refused with 431. Trailers have the same limit. */
  readonly headerBytes: number
  /** Number of field lines; more is refused with 431. */
  readonly headerCount: number
  /** Request target; a longer one is refused with 414. */
  readonly targetBytes: number
  /** Request body; more is refused with 413. 0: no limit. */
  readonly body: number
}

/** Room for method, version and line end in a request line. */
export const LINE_OVERHEAD_BYTES = 64
