import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { formatProof } from '../../../src/wire/lrwp/challenge.ts'
import { pollUntil } from '../../support/raw-client.ts'
import { startLrwpLab } from './support/lrwp-lab.ts'
import { formatOutput, openPeer, type RawPeer } from './support/raw-peer.ts'

const CHALLENGE = 'CHALLENGE\xff000000032'

/** Sends a message piece by piece, each in a segment of its own. */
async function sendSlowly(peer: RawPeer, message: string, size: number): Promise<void> {
  const pieces = message.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
  await peer.connection.sendPieces(pieces)
}

describe('a registration', () => {
  test.each([
    ['by version 1', 'calc\xff\xff\xff', 'OK'],
    ['without its last separator', 'calc\xff\xff', 'OK'],
    ['with a slash in front', '/calc\xff\xff\xff', 'OK'],
    ['by version 2', '\xff2.0\xffcalc\xff\xff', 'OK\xff'],
  ])('%s is accepted, and the name served', async (_what, message, answer) => {
    await using lab = await startLrwpLab()
    for (const size of [message.length, 1]) {
      using peer = await openPeer(lab.address)
      await sendSlowly(peer, message, size)
      expect(await peer.take(answer.length)).toBe(answer)
      void peer.serve(() => formatOutput('served'))
      expect(await lab.get('/calc')).toBe('200 served')
    }
  })

  test.each([
    ['of an unknown version', '\xff3.0\xffcalc\xff\xff', 'ERROR: Unknown LRWP version'],
    ['of a broken version', '\xfftwo\xffcalc\xff\xff', 'Malformed LRWP2 connection string'],
    ['with bytes behind it', 'calc\xff\xff\xff000', 'ERROR: Malformed startup string'],
    ['with a filter', 'calc\xff\xfffilter\xff', 'ERROR: Malformed startup string'],
    ['without a name', '\xff2.0\xff\xff\xff', 'ERROR: Malformed startup string'],
    ['that has no end', 'x'.repeat(1025), 'ERROR: Malformed startup string'],
    ['with a long name', `${'n'.repeat(201)}\xff\xff`, 'ERROR: Registration component too long'],
    ['with a long host', `a\xff${'h'.repeat(201)}\xff`, 'ERROR: Registration component too long'],
    ['for HTTP', 'GET / HTTP/1.1\r\n\r\n\xff\xff', 'ERROR: Malformed startup string'],
  ])('%s is refused', async (_what, message, answer) => {
    await using lab = await startLrwpLab()
    using peer = await openPeer(lab.address)
    peer.send(message)
    expect(await peer.takeAll()).toBe(answer)
    expect(peer.connection.error).toBeUndefined()
    await lab.waitForRecord(/lrwp: 127\.0\.0\.1 was not registered: /)
    expect(lab.agent.capacity.total).toBe(0)
  })

  test('that stays half is cut off in time', async () => {
    const timeouts = { registration: 50, request: 0, shutdown: 0 }
    await using lab = await startLrwpLab({ timeouts })
    for (const half of ['', 'calc\xff', '\xff2.0\xffcalc']) {
      using peer = await openPeer(lab.address)
      peer.send(half)
      expect(await peer.takeAll()).toBe('')
    }
    await lab.waitForRecord(/was not registered: it took too long/)
  })

  test('that ends early leaves nothing behind', async () => {
    await using lab = await startLrwpLab({ connections: 1 })
    for (const leave of ['finishSending', 'destroy', 'reset'] as const) {
      const peer = await openPeer(lab.address)
      peer.send('calc\xff')
      peer.connection[leave]()
    }
    await lab.waitForRecord(/was not registered: it has left before/)
    await expect.poll(async () => await lab.register('calc').catch(() => false)).toBeTruthy()
  })

  test('is for networks that are allowed', async () => {
    await using lab = await startLrwpLab({ allow: ['10.0.0.0/8', '::1'] })
    using peer = await openPeer(lab.address)
    peer.send('calc\xff\xff\xff')
    expect(await peer.takeAll()).toBe('ERROR: Unauthorized access')
  })

  test('leaves room for peers, however many strangers there are', async () => {
    await using lab = await startLrwpLab({ allow: ['127.0.0.1'], connections: 1 })
    const strangers = await Promise.all(
      Array.from({ length: 120 }, () => openPeer(lab.address, '127.0.0.2')),
    )
    await lab.register('calc')
    const answers = await Promise.all(strangers.map((stranger) => stranger.takeAll()))
    expect(new Set(answers)).toEqual(new Set(['ERROR: Unauthorized access', '']))
    for (const stranger of strangers) stranger[Symbol.dispose]()
  })

  test('is for so many connections at once', async () => {
    await using lab = await startLrwpLab({ connections: 2 })
    const first = await lab.register('calc')
    await lab.register('calc')
    using third = await openPeer(lab.address)
    expect(await third.takeAll()).toBe('ERROR: Out of resources')
    first[Symbol.dispose]()
    await lab.waitForRecord(/calc has lost its peer/)
    await lab.register('calc')
  })
})

describe('a name with a passphrase', () => {
  const passphrases = new Map([['calc', 'open sesame']])

  test('is for those who know it', async () => {
    await using lab = await startLrwpLab({ passphrases })
    using peer = await openPeer(lab.address)
    peer.send('\xff2.0\xffCalc\xff\xff')
    expect(await peer.take(CHALLENGE.length)).toBe(CHALLENGE)
    const challenge = Buffer.from(await peer.take(32), 'latin1')
    await sendSlowly(peer, formatProof(challenge, 'open sesame').toString('latin1'), 7)
    expect(await peer.take(3)).toBe('OK\xff')
    void peer.serve(() => formatOutput('served'))
    expect(await lab.get('/calc')).toBe('200 served')
    expect(lab.records.join()).not.toContain('sesame')
  })

  test('has another challenge each time', async () => {
    await using lab = await startLrwpLab({ passphrases })
    const seen = new Set<string>()
    for (let round = 0; round < 5; round++) {
      using peer = await openPeer(lab.address)
      peer.send('\xff2.0\xffcalc\xff\xff')
      await peer.take(CHALLENGE.length)
      seen.add(await peer.take(32))
    }
    expect(seen.size).toBe(5)
  })

  test.each([
    ['another passphrase', (challenge: Buffer) => formatProof(challenge, 'close sesame')],
    ['no passphrase', (challenge: Buffer) => formatProof(challenge, '')],
    [
      'more than a proof',
      (challenge: Buffer) => `${formatProof(challenge, 'open sesame').toString('latin1')}x`,
    ],
    ['zeros', () => `000000032${'\0'.repeat(32)}`],
    ['something long', () => 'x'.repeat(5000)],
  ])('is for nobody with %s', async (_what, prove) => {
    await using lab = await startLrwpLab({ passphrases })
    using peer = await openPeer(lab.address)
    peer.send('\xff2.0\xffcalc\xff\xff')
    await peer.take(CHALLENGE.length)
    peer.send(prove(Buffer.from(await peer.take(32), 'latin1')))
    expect(await peer.takeAll()).toBe('REJECTED\xffERROR: Unauthorized access\xff')
    await lab.waitForRecord(/127\.0\.0\.1 was not registered as calc: Unauthorized access/)
    expect(lab.agent.capacity.total).toBe(0)
  })

  test('is for nobody without a proof, however long that takes', async () => {
    const timeouts = { registration: 50, request: 0, shutdown: 0 }
    await using lab = await startLrwpLab({ passphrases, timeouts })
    using peer = await openPeer(lab.address)
    peer.send('\xff2.0\xffcalc\xff\xff')
    expect(await peer.takeAll()).toHaveLength(CHALLENGE.length + 32)
  })

  test('is not for version 1, other names are', async () => {
    await using lab = await startLrwpLab({ passphrases })
    using peer = await openPeer(lab.address)
    peer.send('CALC\xff\xff\xff')
    expect(await peer.takeAll()).toBe('ERROR: Connection requires LRWP2 authentication')
    await lab.register('other')
  })
})

test('connections are probed while they are silent', async () => {
  await using lab = await startLrwpLab()
  const peer = await lab.register('calc')
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  const [, port] = lab.address.split(':')
  const ends = `${hex(Number(port))} .*:${hex(peer.connection.socket.localPort ?? 0)} 01`
  const line = new RegExp(`^ *\\d+: 0100007F:${ends} .*$`, 'm')
  // Its timer, the sixth field, is that of keep-alive once all is acknowledged.
  await pollUntil(() => {
    const [found = ''] = line.exec(readFileSync('/proc/net/tcp', 'latin1')) ?? []
    return found.trim().split(/\s+/)[5]?.startsWith('02:') || undefined
  }, 'the timer of keep-alive')
})
