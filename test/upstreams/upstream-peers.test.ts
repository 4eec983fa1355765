import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'

import { describe, expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { describePeer } from '../support/peers/describe-peer.ts'
import type { Peer, PeerKind } from '../support/peers/peer.ts'
import { phpCgi, phpFpm } from '../support/peers/php.ts'
import type { PlaceOptions } from '../support/peers/place.ts'
import { fcgiwrap, nodeFastcgi, uwsgi } from '../support/peers/programs.ts'
import { flup, gunicorn, quixote, scgi, twisted, uvicorn } from '../support/peers/python.ts'

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
  [gunicorn, { protocol: 'http' }],
  [gunicorn, { protocol: 'http', unix: true }],
  [twisted, { protocol: 'http' }],
  [uvicorn, { protocol: 'http' }],
  [uvicorn, { protocol: 'http', unix: true }],
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

describePeer(quixote, { protocol: 'scgi' }, (current) => {
  test('requests and redirects are passed on', async () => {
    await using gateway = await serveBefore(current(), quixote)
    const answer = await gateway.ask('/echo?a=1', {
      method: 'POST',
      body: new URLSearchParams({ b: '2' }),
    })
    const form = { a: '1', b: '2' }
    const told = { method: 'POST', script: '/m', path: '/echo', query: 'a=1', form }
    expect(await answer.json()).toEqual(told)
    const moved = await gateway.ask('/moved')
    expect(moved.status).toBe(302)
    expect(moved.headers.get('location')).toBe('http://example.org/elsewhere')
  })
})

describePeer(phpFpm, { protocol: 'fastcgi', children: 2 }, (current) => {
  test('PHP gets a login, and its redirects are for the client', async () => {
    await using gateway = await serveBefore(current(), phpFpm)
    const headers = { Authorization: `Basic ${btoa('ann:secret')}` }
    expect(await (await gateway.ask('/login', { headers })).json()).toEqual(['ann', 'secret'])
    const moved = await gateway.ask('/moved')
    expect([moved.status, moved.headers.get('location')]).toEqual([
      302,
      'http://example.org/elsewhere',
    ])
  })

  test('more requests at the same time than children are all answered', async () => {
    await using gateway = await serveBefore(current(), phpFpm)
    await Promise.all([gateway.ask('/echo'), gateway.ask('/echo')])
    const answers = Array.from({ length: 7 }, async () => {
      const answer = await gateway.ask('/late?seconds=0.1')
      return await answer.text()
    })
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 7 }, () => 'late'))
  })

  test('only scripts that exist reach it, and no source is shown', async () => {
    using project = createProject({
      'index.php': '<?php echo "index", $_SERVER["PATH_INFO"] ?? "";',
      'a.php': '<?php echo "a", $_SERVER["PATH_INFO"] ?? "";',
      'upload.jpg': '<?php echo "uploaded";',
      'x.txt': 'text',
      'old.php.bak': '<?php secret',
      'sub/x.txt': '',
    })
    await using server = await serve({
      routes: [
        {
          path: '/s',
          upstream: current().place.url,
          root: project.folder,
          index: 'index.php',
          split: '.php',
        },
      ],
      bind: '127.0.0.1:0',
      log: { level: 'silent' },
    })
    const ask = async (target: string): Promise<string> => {
      const { status, text } = await fetchRaw(server.urls[0] ?? '', { target })
      return `${status} ${text.trim()}`
    }
    expect(await ask('/s/')).toBe('200 index')
    expect(await ask('/s/a.php')).toBe('200 a')
    expect(await ask('/s/a.php/more%20')).toBe('200 a/more')
    expect(await ask('/s/x.txt')).toBe('200 text')
    expect(await ask('/s/sub')).toMatch(/^301/)
    const NOT_FOUND = [
      'upload.jpg/x.php',
      'upload.jpg%00.php',
      'upload.jpg%2Fx.php',
      'upload.jpg%0a.php',
      'a.php%0a',
      'a.php.',
      'a.php%20',
      'A.PHP',
      'a.PHP',
      '/a.php',
      'sub//a.php',
      '..%2fa.php',
      'no.php',
      'no.php/a.php',
      'old.php.bak',
      'sub/',
    ]
    for (const path of NOT_FOUND) expect(await ask(`/s/${path}`), path).toBe('404 Not Found')
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
