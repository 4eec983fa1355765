import { describe, expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { describePeer } from '../support/peers/describe-peer.ts'
import type { Peer } from '../support/peers/peer.ts'
import { phpFpm, PHP_ROOT } from '../support/peers/php.ts'

async function serveBefore(peer: Peer) {
  const server = await serve({
    routes: [{ path: '/m', upstream: peer.place.url, root: PHP_ROOT }],
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
  })
  const [url = ''] = server.urls
  return {
    ask: async (path: string, options: RequestInit = {}) =>
      await fetch(`${url}/m/lab.php${path}`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(DEADLINE),
        ...options,
      }),
    [Symbol.asyncDispose]: async () => await server.stop(),
  }
}

describePeer(phpFpm, { protocol: 'fastcgi', children: 2 }, (current) => {
  test('PHP gets a login, and its redirects are for the client', async () => {
    await using gateway = await serveBefore(current())
    const headers = { Authorization: `Basic ${btoa('ann:secret')}` }
    expect(await (await gateway.ask('/login', { headers })).json()).toEqual(['ann', 'secret'])
    const moved = await gateway.ask('/moved')
    expect([moved.status, moved.headers.get('location')]).toEqual([
      302,
      'http://example.org/elsewhere',
    ])
  })

  test('more requests at the same time than children are all answered', async () => {
    await using gateway = await serveBefore(current())
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
    expect(await ask('/s')).toMatch(/^301/)
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
