import { expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { findFreePort } from '../support/free-port.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { formatOutput, registerPeer } from '../upstreams/lrwp/support/raw-peer.ts'

const NAMES = ['REMOTE_USER', 'AUTH_TYPE', 'HTTP_AUTHORIZATION'] as const

test('peers are behind guards and error pages, as other answerers are', async () => {
  using project = createProject({ '503.html': 'come back later' })
  const door = `127.0.0.1:${await findFreePort()}`
  const auth = {
    realm: 'staff',
    checkPassword: (_request: unknown, user: string) => user === 'mia',
  }
  await using server = await serve({
    bind: '127.0.0.1:0',
    routes: [
      { path: '/private', lrwp: 'calc', auth },
      { path: '/open/secret', lrwp: 'secret', auth },
      { path: '/open', lrwp: true, errorPages: { 503: '/pages/503.html' } },
      { path: '/pages', static: project.folder },
    ],
    lrwp: { bind: door },
  })
  const [url = ''] = server.urls
  const get = async (target: string, user?: string) => {
    const login = `Basic ${Buffer.from(`${user}:x`).toString('base64')}`
    const headers = user === undefined ? [] : [['Authorization', login] as const]
    const { status, text } = await fetchRaw(url, { target, headers })
    return `${status} ${text}`
  }
  expect(await get('/open/calc')).toBe('503 come back later')
  using peer = await registerPeer(door, 'calc')
  void peer.serve(({ variables }) =>
    formatOutput(NAMES.map((name) => (name in variables ? variables[name] : '-')).join(' ')),
  )
  expect(await get('/open/calc')).toBe('200 - - -')
  expect(await get('/open/calc', 'mia')).toMatch(/^200 - - Basic /)
  expect(await get('/private')).toMatch(/^401/)
  expect(await get('/private', 'max')).toMatch(/^401/)
  expect(await get('/private', 'mia')).toBe('200 mia Basic -')
  // Names know no case, and neither do guards.
  for (const target of ['/open/CALC', '/open/%43alc']) expect(await get(target)).toMatch(/^200/)
  using _secret = await registerPeer(door, 'secret')
  for (const target of ['/open/secret', '/open/SECRET', '/open/s%45cret/x'])
    expect(await get(target)).toMatch(/^401/)
})
