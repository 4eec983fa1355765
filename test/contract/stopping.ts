import { expect, test } from 'vitest'

import type { BackendLab, LabOptions } from '../support/backend-lab.ts'
import { openRaw, formatRequest } from '../support/raw-client.ts'

/** Streams until it is told to stop; it would hold a stop for all of its time. */
const STREAM = `
def application(environ, start_response):
    stopping = environ["taipan.stopping"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"first %r" % stopping.is_set()
    while not stopping.wait(0.02):
        yield b"."
    yield b"last %r" % stopping.is_set()
`

const ASYNC_STREAM = `
async def application(scope, receive, send):
    assert scope["type"] == "http"
    stopping = scope["state"]["taipan.stopping"]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"first %r" % stopping.is_set(), "more_body": True})
    assert await stopping.wait() is True
    await send({"type": "http.response.body", "body": b"last %r" % stopping.is_set()})
`

type Start = (options?: LabOptions) => Promise<BackendLab>

/** Tests that open responses can end by themselves when their worker begins to end. */
export function testStopping(start: Start, source = STREAM): void {
  test.each(['stop', 'reload'] as const)(
    'a stream learns of a %s, and ends by itself',
    async (how) => {
      await using lab = await start({ own: source, timeouts: { shutdown: 0 } })
      using connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: '/lab/' }))
      await connection.waitUntil(() => connection.rest.includes('first False'), 'the first block')
      // Without a limit of time it would last until the stream has ended.
      await lab.backend[how]()
      const response = await connection.readFinalResponse()
      expect([response.complete, /^first False\.*last True$/.test(response.text)]).toEqual([
        true,
        true,
      ])
    },
  )
}

/** The same for ASGI applications. */
export function testAsyncStopping(start: Start): void {
  testStopping(start, ASYNC_STREAM)
}
