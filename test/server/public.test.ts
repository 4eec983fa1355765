import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'

let project: string

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'taipan-consumer-'))
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(ROOT, join(project, 'node_modules/taipan'))
  writeFileSync(join(project, 'package.json'), '{"type": "module"}')
})

afterAll(() => {
  rmSync(project, { recursive: true, force: true })
})

test('the package exports the documented names only', () => {
  const script = 'console.log(Object.keys(await import("taipan")).toSorted().join())'
  const names = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: project,
    encoding: 'utf8',
  })
  expect(names).toBe('ERRORS,TaipanError,createApp,defineConfig,serve\n')
})

describe('nothing else is reachable', () => {
  test.each([
    'taipan/dist/index.js',
    'taipan/dist/server/serve.js',
    'taipan/src/index.ts',
    'taipan/python/main.py',
    'taipan/server',
  ])('%s', (path) => {
    const require = createRequire(join(project, 'x.js'))
    expect(() => require.resolve(path)).toThrow(/is not defined by "exports"/)
  })

  test('taipan/package.json is', () => {
    const require = createRequire(join(project, 'x.js'))
    expect(require('taipan/package.json')).toHaveProperty('name', 'taipan')
  })
})

test('the types can be used by a strict project', () => {
  writeFileSync(
    join(project, 'use.ts'),
    `import { createApp, defineConfig, ERRORS, serve, TaipanError } from 'taipan'
import type { App, ErrorCode, Handler, Server, ServeOptions, TaipanConfig } from 'taipan'
const config: TaipanConfig = defineConfig({
  bind: ['127.0.0.1:8000'],
  python: '.venv/bin/python',
  groups: { web: { engine: 'daemon', processes: 2, threads: 4 } },
  apps: {
    shop: { target: 'shop.wsgi:application', group: 'web', env: { DJANGO_SETTINGS_MODULE: 'shop.settings' } },
    old: {
      appDirectory: 'legacy', appFilename: 'application.py', callable: 'handler', callableQueryName: null,
      cacheCallables: true, reloadOnModification: true, multithread: true,
    },
  },
  routes: [
    { path: '/static', static: 'public', cacheControl: 'max-age=3600' },
    { path: '/old', app: 'old' },
    { host: 'shop.example.org', path: '/', app: 'shop' },
    { path: '/from', redirect: '/to', status: 308 },
  ],
  timeouts: { idle: '30s' },
  limits: { body: '10mb' },
})
const options: ServeOptions = { app: 'shop.wsgi:application', bind: '127.0.0.1:0' }
export async function use(): Promise<readonly string[]> {
  await using server: Server = await serve(options)
  await server.reload()
  return server.urls
}
export async function answer(): Promise<Handler> {
  const app: App = await createApp({ app: 'shop.wsgi:application' })
  await app.start()
  return app.handler
}
export const code: ErrorCode = new TaipanError('USAGE', config.python ?? '').code
export const exit: number = ERRORS.USAGE.exitCode
// @ts-expect-error a wrong key
defineConfig({ apps: { shop: { taget: 'x' } } })
// @ts-expect-error an app does not listen
await createApp({ bind: '127.0.0.1:0' })
// @ts-expect-error a wrong value
defineConfig({ threads: 'four' })
`,
  )
  const flags = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2023,esnext.disposable',
    '--types',
    'node',
    '--typeRoots',
    join(ROOT, 'node_modules/@types'),
  ]
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const run = (): string =>
    execFileSync(process.execPath, [tsc, ...flags, 'use.ts'], { cwd: project, encoding: 'utf8' })
  expect(run()).toBe('')
})
