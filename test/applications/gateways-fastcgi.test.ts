import { expect, test } from 'vitest'

import type { PeerKind } from '../support/peers/peer.ts'
import { phpCgi, phpFpm, PHP_ROOT } from '../support/peers/php.ts'
import { fcgiwrap, nodeFastcgi, uwsgi } from '../support/peers/programs.ts'
import { FIXTURES, flup, spawnFcgi } from '../support/peers/python.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { testLabRequests } from './support/gateway-requests.ts'
import { describeGateway, type Gateway } from './support/gateway.ts'

const PHP = { path: '/php', protocol: 'fastcgi' } as const
const PHP_BASE = '/php/lab.php'

const routePhp = (upstream: unknown) => ({ upstream, root: PHP_ROOT, split: '.php' })

for (const { kind, unix } of [
  { kind: phpFpm, unix: false },
  { kind: phpFpm, unix: true },
  { kind: phpCgi, unix: false },
]) {
  describeGateway({ ...PHP, kind, unix, route: routePhp }, (current) => {
    testLabRequests(current, { base: PHP_BASE })
    testPhp(current)
  })
}

function testPhp(current: () => Gateway): void {
  const ask = async (target: string) => await fetchRaw(current().url, target)

  test('a login reaches PHP', async () => {
    const headers = [['Authorization', 'Basic QW5uOnBhc3M=']] as const
    const { text } = await fetchRaw(current().url, { target: `${PHP_BASE}/login`, headers })
    expect(JSON.parse(text)).toEqual(['Ann', 'pass'])
  })

  test.each([
    '/php/nowhere.php',
    '/php/lab.php%00/echo',
    '/php/lab.php%0a/echo',
    '/php/LAB.PHP/echo',
    '/php/lab.php./echo',
    '/php/lab.php%20/echo',
    '/php/photo.jpg/lab.php',
  ])('%s is no script', async (target) => {
    expect((await ask(target)).status).toBeGreaterThanOrEqual(400)
  })
}

/** php-cgi whose processes end after five requests, and close the connections that they keep. */
const shortLived: PeerKind = {
  ...phpCgi,
  command(place) {
    const command = phpCgi.command(place)
    return { ...command, env: { ...command.env, PHP_FCGI_MAX_REQUESTS: '5' } }
  },
}

describeGateway(
  {
    ...PHP,
    kind: shortLived,
    route: (url) => routePhp({ urls: [url], retries: 'idempotent' }),
  },
  (current) => {
    test('requests that meet the end of a kept connection are sent again', async () => {
      const statuses = new Set<number>()
      const client = async (): Promise<void> => {
        for (let at = 0; at < 50; at++)
          statuses.add((await fetchRaw(current().url, `${PHP_BASE}/repeated`)).status)
      }
      await Promise.all(Array.from({ length: 8 }, client))
      expect([...statuses]).toEqual([200])
    })
  },
)

for (const { kind, unix, lacks } of [
  // Nobody starts it again when its process ends.
  { kind: flup, unix: false, lacks: ['leave'] },
  { kind: flup, unix: true, lacks: ['leave'] },
  { kind: spawnFcgi, unix: false, lacks: ['leave'] },
  { kind: uwsgi, unix: false, lacks: [] },
  { kind: uwsgi, unix: true, lacks: [] },
  { kind: nodeFastcgi, unix: false, lacks: ['leave', 'complain', 'late'] },
] as const) {
  describeGateway({ kind, unix, path: '/lab', protocol: 'fastcgi' }, (current) => {
    testLabRequests(current, { base: '/lab', lacks })
  })
}

describeGateway(
  {
    kind: fcgiwrap,
    path: '/cgi',
    protocol: 'fastcgi',
    route: (upstream) => ({ upstream, root: FIXTURES, split: '.cgi' }),
  },
  (current) => {
    const base = '/cgi/lab.cgi'
    // It answers with an error of its own when its program leaves a part of the body unread.
    testLabRequests(current, { base, lacks: ['leave', 'unread'] })

    test('a redirect to a path alone is followed by the server', async () => {
      const { status, text } = await fetchRaw(current().url, `${base}/local`)
      expect(status).toBe(200)
      expect(JSON.parse(text)).toMatchObject({ method: 'GET', query: 'from=local', script: base })
    })

    test('a redirect to an address is the client’s', async () => {
      const answer = await fetchRaw(current().url, `${base}/remote`)
      expect([answer.status, answer.header('location')]).toEqual([
        302,
        'http://example.org/elsewhere',
      ])
    })

    test.each(['/headless', '/silent', '/odd'])('what %s prints is no answer', async (path) => {
      expect((await fetchRaw(current().url, `${base}${path}`)).status).toBe(502)
    })

    test('source is never shown', async () => {
      expect((await fetchRaw(current().url, '/cgi/lab.cgi')).text).not.toContain('import')
    })
  },
)
