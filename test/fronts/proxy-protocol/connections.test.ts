import { describe, expect, test } from 'vitest'

import type { Exchange } from '../../../src/core/exchange.ts'
import { formatBinaryHeader, formatTlv, IPV4_ENDS } from '../../support/proxy-headers.ts'
import { formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'
import { answer, echo, LOCAL, startLab } from '../support/front-lab.ts'

const ADDRESSES = [{ ...LOCAL, proxyProtocol: true }]
const TEXT = 'PROXY TCP4 203.0.113.7 198.51.100.1 4660 443\r\n'
const KEPT = formatRequest({ headers: [['Connection', 'keep-alive']] })

function describeEnds(exchange: Exchange): void {
  const { remoteAddress, remotePort, localAddress, localPort, localPath } = exchange.connection
  answer(exchange, [remoteAddress, remotePort, localAddress, localPort, localPath].join(' '))
}

describe('connections that begin with a PROXY header', () => {
  test.each([
    ['1', Buffer.from(TEXT)],
    ['2', formatBinaryHeader()],
  ])('version %s names the ends for all requests', async (_version, header) => {
    await using lab = await startLab(describeEnds, { addresses: ADDRESSES })
    using connection = await openRaw(lab.url)
    connection.send(Buffer.concat([header, KEPT, KEPT]))
    for (let requests = 0; requests < 2; requests += 1)
      expect((await connection.readResponse()).text).toBe('203.0.113.7 4660 198.51.100.1 443 ')
    connection.send(KEPT)
    expect((await connection.readResponse()).text).toBe('203.0.113.7 4660 198.51.100.1 443 ')
    expect(new Set(lab.exchanges.map((exchange) => exchange.connection)).size).toBe(1)
  })

  test.each([
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
    ['LOCAL', formatBinaryHeader({ command: 0x20 })],
  ])('%s keeps the ends of the socket', async (_name, header) => {
    await using lab = await startLab(describeEnds, { addresses: ADDRESSES })
    using connection = await openRaw(lab.url)
    connection.send(Buffer.concat([header, KEPT]))
    const port = new URL(lab.url).port
    const own = connection.socket.localPort
    expect((await connection.readResponse()).text).toBe(`127.0.0.1 ${own} 127.0.0.1 ${port} `)
  })

  test('a header of single bytes, with TLVs, and a body behind it', async () => {
    await using lab = await startLab(echo, { addresses: ADDRESSES })
    using connection = await openRaw(lab.url)
    const rest = Buffer.concat([IPV4_ENDS, formatTlv(4, Buffer.alloc(30))])
    const header = formatBinaryHeader({ rest })
    await connection.sendPieces(
      [...header].map((byte) => Buffer.from([byte])),
      1,
    )
    const body = 'x'.repeat(300_000)
    connection.send(formatRequest({ method: 'POST', body }))
    expect((await connection.readResponse('POST')).text).toBe(body)
    expect(lab.exchanges[0]?.connection.remoteAddress).toBe('203.0.113.7')
  })

  test('the header is needed', async () => {
    await using lab = await startLab(echo, { addresses: ADDRESSES })
    using connection = await openRaw(lab.url)
    connection.send(KEPT)
    await connection.waitForEnd()
    expect(connection.received).toBe(0)
    expect(lab.exchanges).toEqual([])
    expect(lab.records).toContainEqual({
      level: 'info',
      fields: { client: '127.0.0.1' },
      message: expect.stringContaining('does not begin with one'),
    })
  })

  test('one that does not come in time', async () => {
    const timeouts = { header: 50 }
    await using lab = await startLab(echo, { addresses: ADDRESSES, timeouts })
    using connection = await openRaw(lab.url)
    connection.send('PROXY TCP4 ')
    await connection.waitForEnd()
    expect(lab.records[0]?.message).toContain('did not arrive in time')
    await pollUntil(() => lab.connections === 0 || undefined, 'the connection to be closed')
  })

  test('they count before the header has come', async () => {
    await using lab = await startLab(describeEnds, {
      addresses: ADDRESSES,
      limits: { connections: 1 },
    })
    using first = await openRaw(lab.url)
    first.send('PROXY')
    using second = await openRaw(lab.url)
    expect((await second.readResponse()).status).toBe(503)
    first.send(` UNKNOWN\r\n${KEPT.toString()}`)
    expect((await first.readResponse()).status).toBe(200)
  })

  test('a stop ends those that are silent, and waits for the request of others', async () => {
    const addresses = ADDRESSES
    const lab = await startLab(describeEnds, { addresses, timeouts: { shutdown: 20_000 } })
    using silent = await openRaw(lab.url)
    using begun = await openRaw(lab.url)
    begun.send('PROXY ')
    await pollUntil(() => lab.connections === 2 || undefined, 'both connections')
    await new Promise((resolve) => setImmediate(resolve))
    const stopped = lab.front.stop()
    await silent.waitForEnd()
    begun.send(TEXT.slice('PROXY '.length) + KEPT.toString())
    const response = await begun.readResponse()
    expect(response.text).toContain('203.0.113.7')
    expect(response.headers('connection')).toEqual(['close'])
    await stopped
    expect(lab.connections).toBe(0)
  })

  test('clients that leave at any byte leave nothing behind', async () => {
    await using lab = await startLab(describeEnds, { addresses: ADDRESSES })
    const bytes = Buffer.concat([formatBinaryHeader(), KEPT])
    for (let end = 0; end < bytes.length; end += 3) {
      using connection = await openRaw(lab.url)
      connection.send(bytes.subarray(0, end))
      if (end % 2 === 0) connection.reset()
      else {
        connection.finishSending()
        await connection.waitForEnd()
      }
    }
    await pollUntil(() => lab.connections === 0 || undefined, 'all connections to be closed')
    expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
  })
})
