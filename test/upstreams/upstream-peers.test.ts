import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'

import { describe, expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { describePeer } from '../support/peers/describe-peer.ts'
import type { Peer, PeerKind } from '../support/peers/peer.ts'
import { phpCgi, phpFpm } from '../support/peers/php.ts'
import type { PlaceOptions } from '../support/peers/place.ts'
import { fcgiwrap, nodeFastcgi, uwsgi } from '../support/peers/programs.ts'
import { flup, gunicorn, quixote, scgi } from '../support/peers/python.ts'

async function serveBefore(peer: Peer, { script }: PeerKind) {
  const folder = script === undefined ? {} : { root: dirname(script) }
  const mount = script === undefined ? '/m' : `/m/${basename(script)}`
  const server = await serve({
    routes: [{ path: '/m', upstream: peer.place.url, ...folder }],
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
  })
  const [url = ''] = server.urls
  return {
    mount,
    ask: async (path: string, options: RequestInit = {}) =>
      await fetch(`${url}${mount}${path}`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(DEADLINE),
        ...options,
      }),
    [Symbol.asyncDispose]: async () => await server.stop(),
  }
}

const PEERS: readonly (readonly [PeerKind, PlaceOptions])[] = [
  [phpFpm, { protocol: 'fastcgi' }],
  [phpFpm, { protocol: 'fastcgi', unix: true }],
  [phpCgi, { protocol: 'fastcgi' }],
  [flup, { protocol: 'fastcgi' }],
  [flup, { protocol: 'scgi' }],
  [fcgiwrap, { protocol: 'fastcgi' }],
  [nodeFastcgi, { protocol: 'fastcgi' }],
  [uwsgi, { protocol: 'fastcgi' }],
  [uwsgi, { protocol: 'scgi' }],
  [uwsgi, { protocol: 'uwsgi' }],
  [gunicorn, { protocol: 'uwsgi' }],
  [scgi, { protocol: 'scgi' }],
  [quixote, { protocol: 'scgi' }],
]

for (const [kind, options] of PEERS)
  describePeer(kind, options, (current) => {
    test('requests with and without a body are answered', async () => {
      await using gateway = await serveBefore(current(), kind)
      for (const size of [0, 10, 3_000_000]) {
        const body = Buffer.alloc(size, 'abc')
        const answer = await gateway.ask('/echo?a=1', {
          ...(size > 0 && { method: 'POST', body }),
          headers: { 'X-Lab': 'yes' },
        })
        expect(answer.status).toBe(200)
        const told: unknown = await answer.json()
        const sha256 = createHash('sha256').update(body).digest('hex')
        expect(told).toMatchObject({ query: 'a=1', size, sha256 })
      }
    })

    test('large answers and repeated fields are passed on', async () => {
      await using gateway = await serveBefore(current(), kind)
      const large = await gateway.ask('/large')
      expect((await large.arrayBuffer()).byteLength).toBe(3_000_000)
      const repeated = await gateway.ask('/repeated')
      expect(repeated.headers.getSetCookie()).toEqual(['a=1', 'b=2; Path=/'])
    })
  })

describe('an upstream that is not there', () => {
  test('is a 503', async () => {
    await using server = await serve({
      upstream: { '/': 'fastcgi://127.0.0.1:1' },
      bind: '127.0.0.1:0',
      log: { level: 'silent' },
    })
    const answer = await fetch(server.urls[0] ?? '', { signal: AbortSignal.timeout(DEADLINE) })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
  })
})
