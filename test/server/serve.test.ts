import { describe, expect, test } from 'vitest'

import { serve, TaipanError, type Server, type ServeOptions } from '../../src/index.ts'
import { findFreePort } from '../support/free-port.ts'
import { createProject, helloApp } from '../support/project.ts'
import { DEADLINE } from '../support/deadlines.ts'

async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE) })
  return `${response.status} ${await response.text()}`
}

async function failureOf(options: ServeOptions): Promise<TaipanError> {
  try {
    await using server = await serve(options)
    return new TaipanError('INTERNAL', `it listens on ${server.urls.join()}`)
  } catch (error) {
    if (error instanceof TaipanError) return error
    throw error
  }
}

describe('serve', () => {
  test('resolves when requests can be answered; stop may be called twice', async () => {
    using project = createProject({ 'shop/wsgi.py': helloApp('shop {script}') })
    const server = await serve({
      app: 'shop.wsgi:application',
      appDirectory: project.folder,
      bind: '127.0.0.1:0',
      mount: '/m',
    })
    const [url = ''] = server.urls
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await get(`${url}/m`)).toBe('200 shop /m')
    await Promise.all([server.stop(), server.stop()])
    await server.stop()
    await expect(get(url)).rejects.toThrow(/fetch failed/)
    await expect(server.reload()).rejects.toMatchObject({ code: 'STOPPING' })
  })

  test('await using stops it', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    let url = ''
    {
      await using server: Server = await serve({
        app: project.path('app.py'),
        bind: ['127.0.0.1:0'],
      })
      url = server.urls[0] ?? ''
      expect(await get(url)).toBe('200 hi')
    }
    await expect(get(url)).rejects.toThrow(/fetch failed/)
  })

  test('reload loads the new code, or rejects and keeps the old', async () => {
    using project = createProject({ 'app.py': helloApp('one') })
    await using server = await serve({
      app: project.path('app.py'),
      bind: '127.0.0.1:0',
      log: { level: 'silent' },
    })
    const [url = ''] = server.urls
    project.write('app.py', helloApp('two'))
    await server.reload()
    expect(await get(url)).toBe('200 two')
    project.write('app.py', 'raise RuntimeError("x")\n')
    await expect(server.reload()).rejects.toMatchObject({ code: 'APPLICATION_LOAD' })
    expect(await get(url)).toBe('200 two')
  })

  test('requests during the start of Python wait for it', async () => {
    using project = createProject({ 'app.py': `import time\ntime.sleep(1)\n${helloApp('late')}` })
    const port = await findFreePort()
    const started = serve({ app: project.path('app.py'), bind: `127.0.0.1:${port}` })
    let answer: string | undefined
    for (let i = 0; i < 200 && answer === undefined; i += 1) {
      answer = await get(`http://127.0.0.1:${port}/`).catch(() => undefined)
      if (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(answer).toBe('200 late')
    await (await started).stop()
  })
})

describe('a start that fails', () => {
  test.each<[string, ServeOptions, string]>([
    ['a wrong key', JSON.parse('{"ap": "x:y"}'), 'CONFIG_INVALID'],
    ['a wrong address', { app: 'x:y', bind: '127.0.0.1' }, 'CONFIG_INVALID'],
    ['no Python', { app: 'x:y', bind: '127.0.0.1:0', python: '/nowhere' }, 'PYTHON_NOT_FOUND'],
    ['a missing module', { app: 'no_such_module:y', bind: '127.0.0.1:0' }, 'APPLICATION_LOAD'],
    ['a bad address', { app: 'x:y', bind: '192.0.2.1:0' }, 'ADDRESS_UNUSABLE'],
    [
      'a bad route',
      { routes: [{ path: '/a//b', redirect: '/' }], bind: '127.0.0.1:0' },
      'CONFIG_INVALID',
    ],
  ])('because of %s rejects', async (_what, options, code) => {
    expect(await failureOf(options)).toMatchObject({ code })
  })

  test.each<[string, string]>([
    ['"app.py"', 'found "app.py"; write { app: "app.py" }'],
    ['["app.py"]', 'found a list; write { app: "shop.wsgi:application" }'],
    ['null', 'found null; write {'],
  ])('because options %s are no object says how to write them', async (text, message) => {
    const { code, message: said } = await failureOf(JSON.parse(text))
    expect([code, said]).toEqual(['CONFIG_INVALID', expect.stringContaining(message)])
    expect(said).toContain('the options must be an object')
  })

  test('leaves nothing listening', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const socket = project.path('x.sock')
    const bind = ['127.0.0.1:0', `unix:${socket}`]
    expect((await failureOf({ app: 'no_such_module:y', bind })).code).toBe('APPLICATION_LOAD')
    await using server = await serve({ app: project.path('app.py'), bind })
    expect(server.urls).toHaveLength(2)
  })
})

test('files and redirects need no Python', async () => {
  using project = createProject({ 'public/a.txt': 'file a' })
  await using server = await serve({
    bind: '127.0.0.1:0',
    python: '/nowhere',
    routes: [
      { path: '/files', static: project.path('public'), cacheControl: 'max-age=60' },
      { path: '/old', redirect: '/files' },
    ],
  })
  const response = await fetch(`${server.urls[0]}/old/a.txt`)
  expect(await response.text()).toBe('file a')
  expect(response.headers.get('cache-control')).toBe('max-age=60')
})
