import { expect, test } from 'vitest'

import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import type { TaipanConfig } from '../../src/server/options/schema.ts'
import { messageOf } from '../support/message-of.ts'

function plan(config: TaipanConfig) {
  return resolveConfigPlan({ app: 'shop:app', ...config }, { cwd: '/', environment: {} })
}

test('main is one thread of a worker process: the main one', () => {
  const [made] = plan({ threads: 'main', processes: 3 }).groups
  expect(made?.group).toMatchObject({
    threads: 1,
    mainThread: true,
    processes: 3,
  })
  const [usual] = plan({ threads: 2 }).groups
  expect(usual?.group).toMatchObject({ threads: 2, mainThread: false })
})

test('a group may have it alone', () => {
  const groups = { plots: { threads: 'main' }, web: {} } as const
  const apps = {
    one: { target: 'one:app', group: 'plots' },
    two: { target: 'two:app', group: 'web' },
  }
  const routes = [
    { path: '/one', app: 'one' },
    { path: '/', app: 'two' },
  ]
  const made = resolveConfigPlan({ groups, apps, routes }, { cwd: '/', environment: {} })
  expect(made.groups.map(({ group }) => [group.name, group.mainThread])).toEqual([
    ['plots', true],
    ['web', false],
  ])
})

test('inside Node it is refused, and the way out is said', () => {
  expect(messageOf(() => plan({ threads: 'main', engine: 'embedded' }))).toBe(
    'threads: "main" is for worker processes, and inside Node the main thread is Node\'s; write 0, which runs WSGI there, one request at a time, or use the engine "daemon"',
  )
  const groups = { web: { threads: 'main', engine: 'embedded' } } as const
  const message = messageOf(() =>
    plan({ app: undefined, apps: { one: { target: 'a:b' } }, groups }),
  )
  expect(message).toMatch(/^groups\.web\.threads: "main" is for worker processes/)
})
