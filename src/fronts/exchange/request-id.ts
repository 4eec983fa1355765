import { randomBytes } from 'node:crypto'

const PREFIX_BYTES = 5

// Tells apart the runs of all servers whose ids come together somewhere.
const prefix = randomBytes(PREFIX_BYTES).toString('hex')
let counter = 0

/** An id that is unique in this run of the server, for all fronts. */
export function createRequestId(): string {
  counter += 1
  return `${prefix}-${counter.toString(36)}`
}
