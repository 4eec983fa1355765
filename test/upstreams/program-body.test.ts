import { Writable } from 'node:stream'

import { expect, test } from 'vitest'

import { IncomingBody } from '../../src/fronts/exchange/incoming-body.ts'
import { feedProgram } from '../../src/upstreams/cgi/program-body.ts'

const PIECE = Buffer.alloc(65_536)
const PIECES = 100
const BOUND = 512 * 1024

test('a program that does not read its input holds the client back', async () => {
  const body = new IncomingBody(
    { resumeBody() {}, sendContinue() {} },
    { bodyLength: PIECES * PIECE.length, expectsContinue: false },
  )
  const taken: (() => void)[] = []
  let received = 0
  const input = new Writable({
    write(chunk: Buffer, _encoding, done) {
      received += chunk.length
      taken.push(done)
    },
  })
  feedProgram(body, input)
  let sent = 0
  const send = () => {
    for (; sent < PIECES && body.room >= PIECE.length; sent += 1) {
      body.push(PIECE)
      if (sent === PIECES - 1) body.finish()
      body.onProgress?.()
    }
  }
  send()
  expect(input.writableLength).toBeLessThan(BOUND)
  expect(input.listenerCount('drain')).toBe(1)
  const finished = new Promise((resolve) => input.once('finish', resolve))
  while (received < PIECES * PIECE.length) {
    taken.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
    send()
    expect(input.writableLength).toBeLessThan(BOUND)
  }
  taken.shift()?.()
  await finished
  expect(sent).toBe(PIECES)
})
