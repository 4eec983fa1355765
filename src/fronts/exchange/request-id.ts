// A random prefix tells runs apart in one log.
const prefix = Math.random().toString(36).slice(2, 6).padEnd(4, '0')
let counter = 0

/** An id that no other request of this run has, whatever front it came by. */
export function createRequestId(): string {
  counter += 1
  return `${prefix}-${counter.toString(36)}`
}
