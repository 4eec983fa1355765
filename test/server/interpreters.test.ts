import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { TaipanError } from '../../src/core/errors.ts'
import type { ServerPlan } from '../../src/server/config/resolved.ts'
import { validateSubInterpreters } from '../../src/server/config/sub-interpreters.ts'
import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import type { TaipanConfig } from '../../src/server/options/schema.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'taipan-interpreters-'))
  mkdirSync(join(folder, 'site'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function plan(config: TaipanConfig): ServerPlan {
  return resolveConfigPlan(config, { cwd: folder, environment: {} })
}

function messageOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof TaipanError && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  return ''
}

function withApp(app: object, more: TaipanConfig = {}): TaipanConfig {
  return { apps: { shop: { target: 'shop:app', ...app } }, ...more }
}

const SCRIPTS = { routes: [{ path: '/', scripts: 'site', isolation: 'interpreter' } as const] }
const ROUTE = { routes: [{ path: '/', app: 'shop' }] }

describe('sub-interpreters of applications', () => {
  test('have the name that is given; main is none', () => {
    const named = (interpreter?: string) => {
      const [planned] = plan(withApp({ ...(interpreter && { interpreter }) }, ROUTE)).groups
      const [application] = planned?.group.applications ?? []
      return application?.kind === 'target' ? application.interpreter : 'nothing'
    }
    expect([named('one'), named('main'), named()]).toEqual(['one', undefined, undefined])
  })

  test('are refused where they cannot be', () => {
    const problem = (app: object, more: TaipanConfig = {}) =>
      messageOf(() => plan(withApp(app, { ...ROUTE, ...more })))
    expect(problem({ interpreter: 'one' }, { engine: 'embedded' })).toBe(
      'apps.shop.interpreter: sub-interpreters run in worker processes, and group "web" is embedded; put the application into a group with the engine "daemon"',
    )
    expect(problem({ interpreter: 'one', interface: 'asgi' })).toBe(
      'apps.shop.interpreter: sub-interpreters serve WSGI alone; leave the option out, and give the ASGI application a group of its own',
    )
    expect(problem({ interpreter: '' })).toMatch(/^apps\.shop\.interpreter: /)
    expect(problem({ interpreter: 'main' }, { engine: 'embedded' })).toBe('')
  })
})

describe('isolation by sub-interpreters', () => {
  test('is a group whose threads have one each', () => {
    const made = plan({ ...SCRIPTS, processes: 2, threads: 3 })
    expect(made.groups.map(({ group }) => group)).toMatchObject([
      { name: 'web:interpreter', processes: 2, threads: 3, multiprocess: true },
    ])
  })

  test('is in worker processes beside embedded Python', () => {
    expect(plan({ ...SCRIPTS, engine: 'embedded' }).groups[0]?.group).toMatchObject({
      name: 'web:interpreter',
      engine: 'daemon',
      threads: 4,
    })
  })
})

describe('a Python without them', () => {
  const check = (config: TaipanConfig, version: string) =>
    messageOf(() => {
      for (const { group } of plan(config).groups)
        validateSubInterpreters(group, { path: '/py', reason: 'PATH', version })
    })

  test('is refused with the version and what to do', () => {
    expect(check(SCRIPTS, '3.11.9')).toBe(
      'the isolation "interpreter" of site/ needs Python 3.12 or newer, and /py (PATH) is 3.11.9: name another Python with "python", or choose another isolation: "shared", "process" or "fresh"',
    )
    expect(check(withApp({ interpreter: 'one' }, ROUTE), '3.9.1')).toMatch(
      /^apps\.shop\.interpreter needs Python 3\.12 or newer, .*"shared", "process" or "fresh"/,
    )
  })

  test('is taken by those who need none, and newer ones by all', () => {
    expect(check(withApp({}, ROUTE), '3.9.1')).toBe('')
    expect([check(SCRIPTS, '3.12.0'), check(SCRIPTS, '3.14.2'), check(SCRIPTS, '4.0.0')]).toEqual([
      '',
      '',
      '',
    ])
  })
})
