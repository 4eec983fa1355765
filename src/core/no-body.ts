import type { RequestBody } from './exchange.ts'

/** The body of requests that have none. */
export const NO_BODY: RequestBody = {
  length: 0,
  complete: true,
  buffered: 0,
  error: undefined,
  expectsContinue: false,
  onProgress: undefined,
  request: () => {},
  take: () => undefined,
}
