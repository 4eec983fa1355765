import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { parseCommandLine } from '../../src/cli/arguments.ts'
import type { GroupPlan } from '../../src/server/config/resolved.ts'
import { createApp } from '../../src/server/create-app.ts'
import { serve } from '../../src/server/serve.ts'
import { loadCommandPlan, resolveConfigPlan } from '../../src/server/load-plan.ts'
import type { TaipanConfig } from '../../src/server/options/schema.ts'
import { messageOf } from '../support/message-of.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'taipan-lifetimes-'))
  writeFileSync(join(folder, 'app.py'), '')
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function groupOf(config: TaipanConfig): GroupPlan['group'] {
  const [first] = resolveConfigPlan(
    { app: 'app.py', ...config },
    { cwd: folder, environment: {} },
  ).groups
  if (first === undefined) throw new Error('no group')
  return first.group
}

const inGroup = (group: NonNullable<TaipanConfig['groups']>[string]): TaipanConfig => ({
  groups: { web: group },
})

describe('limits of workers', () => {
  test('are those of the group, else the general ones', () => {
    const group = groupOf({
      maximumRequests: 100,
      restartInterval: '1h',
      memoryLimit: { soft: '1gb' },
      ...inGroup({ maximumRequests: 7, memoryLimit: { soft: '10mb' }, cpuTimeLimit: '90s' }),
    })
    expect(group).toMatchObject({
      maximumRequests: 7,
      maximumRequestsJitter: 0,
      restartInterval: 3_600_000,
      cpuTimeLimit: 90_000,
      interruptTimeout: 5000,
      memoryLimit: { soft: 10 * 1024 ** 2 },
    })
    expect(group.gracefulTimeout).toBeUndefined()
  })

  test.each([
    [{ inactivityTimeout: '5m' }, 'inactivityTimeout'],
    [inGroup({ cpuTimeLimit: '5m' }), 'groups.web.cpuTimeLimit'],
    [{ memoryLimit: { soft: '5mb' } }, 'memoryLimit.soft'],
    [inGroup({ memoryLimit: { soft: '5mb' } }), 'groups.web.memoryLimit.soft'],
  ])('%j is refused with embedded Python', (config, key) => {
    const message = messageOf(() => groupOf({ engine: 'embedded', ...config }))
    expect(message).toContain(`${key}: is for worker processes, but Python runs inside the server`)
  })

  test.each([
    { interruptTimeout: 1000 },
    { maximumRequests: 5 },
    { restartInterval: 5000 },
    { evictionTimeout: 5000 },
  ])('%j is for embedded Python, too', (config) => {
    expect(groupOf({ engine: 'embedded', ...config })).toMatchObject(config)
  })

  test.each([{ maximumRequests: 5 }, { restartInterval: 5000 }, { evictionTimeout: 5000 }])(
    '%j is refused where Python runs in the process of its caller',
    async (config) => {
      const options = { app: join(folder, 'app.py'), engine: 'embedded', ...config } as const
      const words = `groups.web.${Object.keys(config)[0]}: embedded Python runs in this process, which nobody replaces`
      await expect(serve({ ...options, bind: '127.0.0.1:0' })).rejects.toThrow(words)
      await expect(createApp(options)).rejects.toThrow(words)
    },
  )
})

describe('other names of time limits', () => {
  test.each([
    ['requestTimeout', (group: GroupPlan['group']) => group.timeouts.request],
    ['deadlockTimeout', (group: GroupPlan['group']) => group.timeouts.ping],
    ['startupTimeout', (group: GroupPlan['group']) => group.timeouts.startup],
    ['shutdownTimeout', (group: GroupPlan['group']) => group.timeouts.shutdown],
    ['queueTimeout', (group: GroupPlan['group']) => group.queue.timeout],
  ] as const)('%s', (name, find) => {
    expect(find(groupOf({ [name]: '7s' }))).toBe(7000)
    expect(find(groupOf({ [name]: '7s', ...inGroup({ [name]: '3s' }) }))).toBe(3000)
    expect(messageOf(() => groupOf({ [name]: 'soon' }))).toMatch(`${name}: expected a duration`)
  })

  test('a group has its own by either name', () => {
    const own = inGroup({ timeouts: { request: '3s' } })
    expect(groupOf({ requestTimeout: '7s', ...own }).timeouts.request).toBe(3000)
    const general = { timeouts: { request: '7s' } }
    expect(groupOf({ ...general, ...inGroup({ requestTimeout: 0 }) }).timeouts.request).toBe(0)
  })

  test('hold for services and jobs, too', () => {
    const run = ['true']
    const { groups } = resolveConfigPlan(
      {
        app: 'app.py',
        services: { mail: { run, shutdownTimeout: '7s' } },
        cron: [{ schedule: '@daily', run, startupTimeout: '8s' }],
      },
      { cwd: folder, environment: {} },
    )
    const [, mail, job] = groups.map(({ group }) => group)
    expect(mail?.timeouts.shutdown).toBe(7000)
    expect(job?.timeouts.startup).toBe(8000)
    expect(job?.limitNames.startup).toBe('cron[0].startupTimeout')
  })

  test('messages call a limit by what has given it', () => {
    expect(groupOf({}).limitNames).toEqual({
      startup: 'timeouts.startup',
      request: 'timeouts.request',
      ping: 'timeouts.ping',
      interrupt: 'interruptTimeout',
    })
    const general = { requestTimeout: '7s', deadlockTimeout: '7s' }
    const own = inGroup({ deadlockTimeout: '3s', timeouts: { startup: '1s' }, interruptTimeout: 0 })
    expect(groupOf({ ...general, ...own }).limitNames).toEqual({
      startup: 'groups.web.timeouts.startup',
      request: 'requestTimeout',
      ping: 'groups.web.deadlockTimeout',
      interrupt: 'groups.web.interruptTimeout',
    })
  })

  test('a flag and a variable are named in place of the key that they override', async () => {
    writeFileSync(join(folder, 'limits.json'), '{"app": "app.py", "requestTimeout": "7s"}')
    const words = ['serve', '--config', 'limits.json', '--timeout-request', '3s']
    const { layer, config } = parseCommandLine(words, { directory: folder, environment: {} })
    const environment = { TAIPAN_TIMEOUT_PING: '5s' }
    const [first] = (await loadCommandPlan({ layer, config, environment })).groups
    expect(first?.group.timeouts).toMatchObject({ request: 3000, ping: 5000 })
    expect(first?.group.limitNames).toMatchObject({
      request: '--timeout-request',
      ping: 'TAIPAN_TIMEOUT_PING',
    })
  })

  test('both names at one place are refused', () => {
    const config = { requestTimeout: '7s', timeouts: { request: '7s' } }
    const words = 'requestTimeout: is another name of timeouts.request, which is given, too'
    expect(messageOf(() => groupOf(config))).toContain(words)
    expect(messageOf(() => groupOf(inGroup(config)))).toContain(`groups.web.${words}`)
  })
})

test('flags', () => {
  const words =
    '--maximum-requests 9 --maximum-requests-jitter 2 --restart-interval 1h --restart-interval-jitter 1m --inactivity-timeout 5m --interrupt-timeout 1s --graceful-timeout 20s --eviction-timeout 10s --cpu-time-limit 60s --memory-limit-soft 1gb'
  const { layer } = parseCommandLine(['serve', 'app.py', ...words.split(' ')], {
    directory: folder,
    environment: {},
  })
  expect(groupOf(layer.value)).toMatchObject({
    maximumRequests: 9,
    maximumRequestsJitter: 2,
    restartInterval: 3_600_000,
    restartIntervalJitter: 60_000,
    inactivityTimeout: 300_000,
    interruptTimeout: 1000,
    gracefulTimeout: 20_000,
    evictionTimeout: 10_000,
    cpuTimeLimit: 60_000,
    memoryLimit: { soft: 1024 ** 3 },
  })
})
