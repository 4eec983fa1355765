import {
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import type { ServerPlan } from '../../src/server/config/resolved.ts'
import { dividePlan } from '../../src/server/divide-plan.ts'
import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import type { TaipanConfig } from '../../src/server/options/schema.ts'
import {
  placeSessions,
  removeTemporaryFolder,
  removeTemporaryFolderNow,
} from '../../src/server/session-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'taipan-session-plans-'))
mkdirSync(join(folder, 'site'))
mkdirSync(join(folder, 'data'))
writeFileSync(join(folder, 'site/x.py'), '')

afterAll(() => rmSync(folder, { recursive: true }))

function resolvePlan(config: TaipanConfig) {
  const scripts = { '/': join(folder, 'site') }
  return resolveConfigPlan({ scripts, ...config }, { environment: {}, cwd: folder })
}

describe('a store without a place', () => {
  test('gets a folder that nobody can guess, and that is not made', () => {
    const [first, second] = [placeSessions(resolvePlan({})), placeSessions(resolvePlan({}))]
    const place = first.sessions.directory ?? ''
    expect(place).toMatch(/\/taipan-sessions-[0-9a-f-]{36}$/)
    expect(dirname(place)).toBe(tmpdir())
    expect(first.sessions.store).toBe(`sqlite:${place}/sessions.db`)
    expect(existsSync(place)).toBe(false)
    expect(second.sessions.directory).not.toBe(place)
  })

  test.each([
    ['after a stop', removeTemporaryFolder],
    ['at once', async (plan: ServerPlan) => removeTemporaryFolderNow(plan)],
  ])('is removed by who has it placed, %s', async (_name, remove) => {
    const plan = placeSessions(resolvePlan({}))
    const place = plan.temporaryFolder ?? ''
    await remove(plan)
    mkdirSync(place)
    writeFileSync(join(place, 'sessions.db'), '')
    const replica = dividePlan(plan, 2)
    expect(replica.sessions).toEqual(plan.sessions)
    await remove(replica)
    expect(existsSync(join(place, 'sessions.db'))).toBe(true)
    await remove(plan)
    expect(existsSync(place)).toBe(false)
  })
})

test('only files of sessions are removed, whatever else is in the folder', async () => {
  const plan = placeSessions(resolvePlan({}))
  const place = plan.temporaryFolder ?? ''
  mkdirSync(join(place, 'other'), { recursive: true })
  for (const name of ['sessions.db', 'sessions.db-wal', 'sessions.db-lock', 'other/file'])
    writeFileSync(join(place, name), '')
  await removeTemporaryFolder(plan)
  expect(readdirSync(place)).toEqual(['other'])
  expect(existsSync(join(place, 'other/file'))).toBe(true)
  rmSync(place, { recursive: true })
})

test.skipIf(process.getuid?.() !== 0)(
  'a link in its place leads root to no other files',
  async () => {
    const plan = placeSessions(resolvePlan({}))
    const place = plan.temporaryFolder ?? ''
    const other = mkdtempSync(join(tmpdir(), 'taipan-other-'))
    writeFileSync(join(other, 'sessions.db'), '')
    symlinkSync(other, place)
    lchownSync(place, 65534, 65534)
    await removeTemporaryFolder(plan)
    expect(readdirSync(other)).toEqual(['sessions.db'])
    rmSync(place)
    rmSync(other, { recursive: true })
  },
)

test('a file must have a folder, which no route sends', () => {
  const resolveStore = (store: string) => () => resolvePlan({ sessions: { store } })
  expect(resolveStore('sqlite:missing/s.db')).toThrow(
    `sessions.store: folder ${folder}/missing does not exist`,
  )
  expect(resolveStore('sqlite:site/s.db')).toThrow(
    `sessions.store: ${folder}/site/s.db would be sent to clients, like all files in ${folder}/site`,
  )
})

test.each([
  ['sqlite:data/s.db', () => `sqlite:${folder}/data/s.db`],
  ['sqlite:/s.db', () => 'sqlite:/s.db'],
  ['redis://127.0.0.1:6379/1', () => 'redis://127.0.0.1:6379/1'],
])('the store %s stays where it is', async (store, expected) => {
  const plan = placeSessions(resolvePlan({ sessions: { store } }))
  expect(plan.sessions.store).toBe(expected())
  expect([plan.sessions.directory, plan.temporaryFolder]).toEqual([undefined, undefined])
  await removeTemporaryFolder(plan)
})

test.each([
  [{ store: 'mysql://x' }, 'sessions.store'],
  [{ store: 'sqlite:' }, 'sessions.store'],
  [{ cookie: 'a;b' }, 'sessions.cookie'],
  [{ cookie: 'a b' }, 'sessions.cookie'],
  [{ path: 'x' }, 'sessions.path'],
  [{ path: '/;Domain=x' }, 'sessions.path'],
  [{ domain: 'a;b' }, 'sessions.domain'],
  [{ lifetime: 0 }, 'sessions.lifetime'],
  [{ lockTimeout: '0s' }, 'sessions.lockTimeout'],
  [{ limit: 0 }, 'sessions.limit'],
] as const)('%j is refused', (sessions, key) => {
  expect(() => resolvePlan({ sessions })).toThrow(key)
})
