import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { fetchRaw, pollUntil } from '../../support/raw-client.ts'
import { startLrwpLab, type LrwpLab } from './support/lrwp-lab.ts'
import { formatAnswer, formatOutput, openPeer } from './support/raw-peer.ts'

const FRAGMENTS = [
  'calc\xff\xff\xff',
  '\xff2.0\xffcalc\xff\xff',
  'calc',
  '\xff',
  '\0',
  '000000005',
  '999999999',
  formatAnswer(formatOutput('fine')),
  formatAnswer('no head'),
  'Status: 200 OK\r\n\r\n',
  '\r\n',
]
const bytes = fc.oneof(
  fc.constantFrom(...FRAGMENTS),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
)
const ENDS = ['destroy', 'reset', 'finishSending', 'stay'] as const
const script = fc.record({
  registers: fc.boolean(),
  pieces: fc.array(bytes),
  end: fc.constantFrom(...ENDS),
})

interface Script {
  readonly registers: boolean
  readonly pieces: readonly string[]
  readonly end: (typeof ENDS)[number]
}

/** A peer that sends whatever it likes, in pieces, and leaves in some way. */
async function play(lab: LrwpLab, { registers, pieces, end }: Script) {
  const peer = await openPeer(lab.address)
  if (registers) peer.send('calc\xff\xff\xff')
  await peer.connection.sendPieces(pieces, 1)
  if (end !== 'stay') peer.connection[end]()
  return peer
}

test('whatever peers do, every request comes to an end, and the next peer is served', async () => {
  const timeouts = { request: 50, registration: 50, shutdown: 0 }
  await using lab = await startLrwpLab({ timeouts, queue: { limit: 5, timeout: 100 } })
  await fc.assert(
    fc.asyncProperty(fc.array(script, { minLength: 1, maxLength: 4 }), async (scripts) => {
      const playing = scripts.map(async (one) => await play(lab, one))
      const answers = await Promise.all(
        Array.from(
          { length: 8 },
          async () => await fetchRaw(lab.url, '/calc').catch(() => undefined),
        ),
      )
      for (const answer of answers)
        if (answer?.complete === true) expect([200, 502, 503, 504]).toContain(answer.status)
      for (const peer of await Promise.all(playing)) peer[Symbol.dispose]()
      await pollUntil(() => lab.agent.capacity.total === 0 || undefined, 'no peers')
      expect(lab.agent.statistics).toMatchObject({ running: 0, waiting: 0 })
    }),
    { numRuns: 60 },
  )
  await lab.serve('calc', () => 'well')
  expect(await lab.get('/calc')).toBe('200 well')
})
