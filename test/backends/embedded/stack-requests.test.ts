import { describe, expect, test } from 'vitest'

import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import { labApplication, startLab } from '../../support/backend-lab.ts'
import { fetchRaw } from '../../support/raw-client.ts'

describe('recursion without end in a request', () => {
  test.each([0, 2])('of WSGI with threads: %i is answered 500', async (threads) => {
    const applications = [labApplication({ target: 'embedded_lab.py' })]
    await using lab = await startLab(createEmbeddedBackend, { threads, applications })
    for (let i = 0; i < 3; i++) expect((await fetchRaw(lab.url, '/lab/recursion')).status).toBe(500)
    expect((await fetchRaw(lab.url, '/lab/ticks')).status).toBe(200)
  })

  test('of ASGI is answered 500', async () => {
    const applications = [labApplication({ target: 'stack_asgi.py' })]
    await using lab = await startLab(createEmbeddedBackend, { threads: 0, applications })
    for (const name of ['sorted', 'compile', 'coroutine', 'thread', 'sorted'])
      expect([name, (await fetchRaw(lab.url, `/lab/${name}`)).status]).toEqual([name, 500])
    expect((await fetchRaw(lab.url, '/lab/deep')).text).toBe('5000')
  })
})
