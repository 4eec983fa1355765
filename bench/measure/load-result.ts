import * as v from 'valibot'

/** What a load generator says at its end. */
export const loadResultSchema = v.object({
  requests: v.number(),
  seconds: v.number(),
  bytes: v.number(),
  /** Microseconds. */
  p50: v.number(),
  /** Microseconds. */
  p99: v.number(),
  connect: v.number(),
  read: v.number(),
  write: v.number(),
  status: v.number(),
  timeout: v.number(),
})

/** Result of the load generator. */
export type LoadResult = v.InferOutput<typeof loadResultSchema>
