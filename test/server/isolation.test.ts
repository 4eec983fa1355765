import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { ServerPlan } from '../../src/server/config/resolved.ts'
import { dividePlan, hasEmbedded } from '../../src/server/divide-plan.ts'
import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import type { TaipanConfig } from '../../src/server/options/schema.ts'
import { messageOf } from '../support/message-of.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'taipan-isolation-'))
  for (const name of ['site', 'old', 'more']) mkdirSync(join(folder, name))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function plan(config: TaipanConfig): ServerPlan {
  return resolveConfigPlan(config, { cwd: folder, environment: {} })
}

function problemOf(config: TaipanConfig): string {
  return messageOf(() => plan(config))
}

/** `NAME ENGINE PROCESSESxTHREADS`, and what each group runs. */
function describeGroups({ groups }: ServerPlan): Record<string, string[]> {
  return Object.fromEntries(
    groups.map(({ group: { name, engine, processes, threads, applications } }) => [
      `${name} ${engine} ${processes}x${threads}`,
      applications.map((application) => application.name),
    ]),
  )
}

const shared = { path: '/', scripts: 'site' }
const alone = { path: '/old', scripts: 'old', isolation: 'process' } as const

describe('isolation of scripts', () => {
  test('is by default none', () => {
    expect(describeGroups(plan({ routes: [shared] }))).toEqual({ 'web daemon 1x4': ['site/'] })
  })

  test('puts them into a group with one thread per process that takes as many requests', () => {
    const made = plan({ routes: [shared, alone], processes: 2, threads: 3, env: { A: '1' } })
    expect(describeGroups(made)).toEqual({
      'web daemon 2x3': ['site/'],
      'web:process daemon 6x1': ['old/'],
    })
    const [web, derived] = made.groups
    expect(derived).toMatchObject({
      python: web?.python,
      pythonSource: web?.pythonSource,
      pythonDirectory: web?.pythonDirectory,
      ownEnvironment: { A: '1' },
      group: { isolation: 'process', multiprocess: true, searchPath: [], timeouts: {} },
    })
    expect(made.routes.map(({ answerer }) => answerer.plan)).toMatchObject([
      { application: 'site/', group: 'web' },
      { application: 'old/', group: 'web:process' },
    ])
  })

  test('is one group for all of a group, and none besides if nothing else is in it', () => {
    const more = { path: '/more', scripts: 'more', isolation: 'process' } as const
    expect(describeGroups(plan({ routes: [alone, more] }))).toEqual({
      'web:process daemon 4x1': ['old/', 'more/'],
    })
  })

  test('has what the applications beside it have', () => {
    const { groups } = plan({
      apps: { shop: { target: 'shop:app', env: { B: '2' }, appDirectory: 'more' } },
      routes: [{ path: '/', app: 'shop' }, alone],
    })
    const [web, derived] = groups
    expect(derived?.group.environment).toEqual({ B: '2' })
    expect(derived?.pythonDirectory).toBe(web?.pythonDirectory)
    // Modules of the application are not what scripts import.
    expect(derived?.group.searchPath).toEqual([])
  })

  test('is a group with one thread itself if that runs scripts alone', () => {
    const groups = { web: {}, old: { threads: 1, processes: 3 } }
    const route = { ...alone, group: 'old' }
    const routes = [{ ...shared, group: 'web' }, route]
    expect(describeGroups(plan({ groups, routes }))).toEqual({
      'web daemon 1x4': ['site/'],
      'old daemon 3x1': ['old/'],
    })
    const apps = { shop: { target: 'shop:app', group: 'old' } }
    const withApp = [...routes, { path: '/shop', app: 'shop' }]
    expect(describeGroups(plan({ groups, apps, routes: withApp }))).toMatchObject({
      'old daemon 3x1': ['shop'],
      'old:process daemon 3x1': ['old/'],
    })
  })

  test('is a group of forking processes for fresh ones', () => {
    const fresh = { path: '/f', scripts: 'more', isolation: 'fresh' } as const
    const again = { path: '/old', scripts: 'old', reuseInterpreters: false } as const
    const made = plan({ threads: 1, routes: [fresh, again] })
    expect(made.groups.map(({ group }) => group)).toMatchObject([
      { name: 'web:fresh', processes: 1, threads: 1, multiprocess: false, isolation: 'fresh' },
    ])
    const embedded = plan({ engine: 'embedded', processes: 2, routes: [fresh] })
    expect(describeGroups(embedded)).toEqual({ 'web:fresh daemon 2x4': ['more/'] })
  })

  test('is worker processes beside embedded Python, divided among replicas', () => {
    const made = plan({ engine: 'embedded', processes: 2, routes: [shared, alone] })
    expect(describeGroups(made)).toEqual({
      'web embedded 2x0': ['site/'],
      'web:process daemon 8x1': ['old/'],
    })
    expect(describeGroups(dividePlan(made, 2))).toEqual({
      'web embedded 1x0': ['site/'],
      'web:process daemon 4x1': ['old/'],
    })
    expect(hasEmbedded(plan({ engine: 'embedded', routes: [alone] }))).toBe(false)
  })

  test('is refused for other routes, with contradictions, and beside a group of the derived name', () => {
    expect(problemOf({ routes: [{ path: '/', static: 'site', isolation: 'process' }] })).toMatch(
      'routes[0].isolation: belongs to a route with "scripts"',
    )
    expect(problemOf({ routes: [{ ...alone, reuseInterpreters: false }] })).toBe(
      'routes[0].reuseInterpreters: false means the isolation "fresh", but isolation is "process"; give one of the two',
    )
    const groups = { web: {}, 'web:process': {} }
    expect(problemOf({ groups, routes: [{ ...alone, group: 'web' }] })).toBe(
      'groups["web:process"]: is the name of the group that routes[0] gets by its isolation; give this one another name',
    )
  })
})
