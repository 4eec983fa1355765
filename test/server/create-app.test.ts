import { describe, expect, test } from 'vitest'

import { createApp } from '../../src/index.ts'
import { startFront } from '../support/front.ts'
import { createProject, helloApp } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

describe('createApp', () => {
  test('serves by its handler, lets exchanges wait for the start, reloads, and stops', async () => {
    using project = createProject({ 'app.py': helloApp('one'), 'static/a.txt': 'a file' })
    await using app = await createApp({
      app: project.path('app.py'),
      static: { '/static': project.path('static') },
      log: { level: 'silent' },
    })
    const front = await startFront(app.handler)
    const get = async (target: string): Promise<string> => {
      const { status, text } = await fetchRaw(front.url, target)
      return `${status} ${text}`
    }
    await expect(app.reload()).rejects.toMatchObject({ code: 'STOPPING' })
    expect(await get('/static/a.txt')).toBe('200 a file')
    const early = get('/')
    await app.start()
    expect(await early).toBe('200 one')
    project.write('app.py', helloApp('two'))
    await app.reload()
    expect(await get('/')).toBe('200 two')
    await Promise.all([app.stop(), app.stop()])
    expect(await get('/')).toMatch(/^503 /)
    await expect(app.reload()).rejects.toMatchObject({ code: 'STOPPING' })
    await front.stop()
  })

  test('embedded Python runs in this process', async () => {
    const source = `
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
`
    using project = createProject({ 'app.py': source })
    await using app = await createApp({ app: project.path('app.py'), engine: 'embedded' })
    await app.start()
    const front = await startFront(app.handler)
    expect((await fetchRaw(front.url, '/')).text).toBe(String(process.pid))
    await front.stop()
  })

  test('a failed start rejects with the same error each time', async () => {
    using project = createProject({ 'app.py': 'raise RuntimeError("no")\n' })
    await using app = await createApp({
      app: project.path('app.py'),
      log: { level: 'silent' },
    })
    await expect(app.start()).rejects.toMatchObject({ code: 'APPLICATION_LOAD' })
    await expect(app.start()).rejects.toMatchObject({ code: 'APPLICATION_LOAD' })
  })

  test.each([
    ['addresses', { bind: '127.0.0.1:0' }, 'bind: an app does not listen'],
    ['embedded replicas', { engine: 'embedded', processes: 2 }, 'found 2; leave it out'],
  ] as const)('refuses %s', async (_what, options, message) => {
    using project = createProject({ 'app.py': helloApp('hi') })
    await expect(createApp({ app: project.path('app.py'), ...options })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    })
  })
})
