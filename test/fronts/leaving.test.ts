import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { openRaw, pollUntil } from '../support/raw-client.ts'
import { DIALECTS } from './support/dialects.ts'
import { echo, LOCAL, startLab } from './support/front-lab.ts'

const REQUEST = { method: 'POST', target: '/x', body: 'x'.repeat(3000) }

test.each(DIALECTS.map((dialect) => [dialect.protocol, dialect] as const))(
  '%s: however clients leave, each exchange ends once and no connection stays',
  async (protocol, dialect) => {
    await using lab = await startLab(echo, { addresses: [{ ...LOCAL, protocol }] })
    const whole = dialect.format(REQUEST)
    const visit = async (bytes: number, pieces: number, way: string): Promise<void> => {
      using connection = await openRaw(lab.url)
      const size = Math.ceil(bytes / pieces)
      const parts = Array.from({ length: pieces }, (_, at) =>
        whole.subarray(at * size, Math.min((at + 1) * size, bytes)),
      )
      await connection.sendPieces(parts, 0)
      if (way === 'reset') connection.reset()
      else if (way === 'end') {
        connection.finishSending()
        await connection.waitForEnd()
      } else if (way === 'answer')
        await connection.waitUntil(() => connection.received > 0 || connection.ended, 'an answer')
    }
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: whole.length }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('leave', 'reset', 'end', 'answer'),
        async (bytes, pieces, way) => {
          // Half a request gets no answer.
          await visit(way === 'answer' ? whole.length : bytes, pieces, way)
        },
      ),
      { numRuns: 150 },
    )
    await pollUntil(() => lab.connections === 0 || undefined, 'all connections to be closed')
    expect(lab.outcomes).toHaveLength(lab.exchanges.length)
    expect(lab.exchanges.length).toBeGreaterThan(10)
    expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
  },
)

test.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))(
  '%s: what arrives together with the end of a client is read before the end',
  async (_name, dialect) => {
    await using lab = await startLab(echo, {
      addresses: [{ ...LOCAL, protocol: dialect.protocol }],
    })
    const part = dialect.format(REQUEST).subarray(0, 1209)
    const visit = async (): Promise<void> => {
      using connection = await openRaw(lab.url)
      connection.send(part)
      connection.finishSending()
      await connection.waitForEnd()
    }
    await Promise.all(Array.from({ length: 100 }, visit))
    await pollUntil(() => lab.connections === 0 || undefined, 'all connections to be closed')
  },
)
