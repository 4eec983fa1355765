import { expect, test } from 'vitest'

import { Failures } from '../../../src/backends/link/failures.ts'
import { SpentTimes } from '../../../src/backends/link/spent-times.ts'
import type { PendingRequest } from '../../../src/backends/link/pending-request.ts'
import { HeldResponses } from '../../../src/backends/link/held-responses.ts'
import { SocketCarrier } from '../../../src/backends/link/socket-carrier.ts'
import { StreamLink } from '../../../src/backends/link/stream-link.ts'
import { ThreadLink } from '../../../src/backends/link/thread-link.ts'
import { createPlainExchange } from '../../support/plain-exchange.ts'
import { pollUntil } from '../../support/raw-client.ts'
import { createPair } from '../../support/socket-pair.ts'

// Node reports the end of a socket at least one turn before its close, and drops what is written in between.
test.each([
  ['that ends', false],
  ['that ends with a request unread', true],
] as const)('a loop %s was not sent what comes before the close', async (_when, early) => {
  const { near, far } = await createPair()
  const first = createPendingRequest()
  const second = createPendingRequest()
  const taken = new Promise<PendingRequest[]>((resolve) => {
    const link = new StreamLink(new SocketCarrier(near), {
      pid: 1,
      label: 'web/1',
      failures: new Failures(),
      times: new SpentTimes(),
      requestBuffer: 1_000_000,
      cancelOnDisconnect: false,
      onOverdue: () => {},
      isAsgi: () => true,
      onFree: () => {},
      onLost: (error) => resolve(link.takeBack(error)),
    })
    if (early) link.serve(first)
    near.once('end', () => link.serve(second))
    near.once('error', () => link.serve(second))
  })
  if (early) await pollUntil(() => near.bytesWritten > 0 || undefined, 'the first request')
  far.destroy()
  expect(await taken).toEqual(early ? [first, second] : [second])
})

test('a thread that ends did not get what is written before the close', async () => {
  const { near, far } = await createPair()
  const request = createPendingRequest()
  const taken = new Promise<PendingRequest[]>((resolve) => {
    const link: ThreadLink = new ThreadLink(0, near, {
      pid: 1,
      label: 'web/1',
      failures: new Failures(),
      times: new SpentTimes(),
      requestBuffer: 1_000_000,
      held: new HeldResponses({ response: 1000, responseTotal: 1000 }),
      onFree: () => {},
      onLost: (_link, error) => resolve(link.takeBack(error)),
      underPressure: () => false,
    })
    // Sockets are closed after the callbacks of setImmediate.
    near.once('end', () => setImmediate(() => link.serve(request)))
  })
  far.destroy()
  expect(await taken).toEqual([request])
})

function createPendingRequest(): PendingRequest {
  return {
    exchange: createPlainExchange(),
    invocation: { application: 'app', scriptName: '', pathInfo: '/' },
    application: 0,
    body: undefined,
  }
}
