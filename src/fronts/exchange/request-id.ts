// A random prefix distinguishes the runs of the server in one log.
const prefix = Math.random().toString(36).slice(2, 6).padEnd(4, '0')
let counter = 0

/** An id that is unique in this run of the server, for all fronts. */
export function createRequestId(): string {
  counter += 1
  return `${prefix}-${counter.toString(36)}`
}
