import { expect, test } from 'vitest'

import type { Authority } from '../../../src/pipeline/guard/authority.ts'
import { CachedAuthority } from '../../../src/pipeline/guard/cached-authority.ts'
import { createPlainExchange } from '../../support/plain-exchange.ts'

const REQUEST = {
  exchange: createPlainExchange(),
  match: { scriptName: '', pathInfo: '/', restOffset: 0 },
}
const NO_GROUPS: ReadonlySet<string> = new Set()

/** Lets users in whose password is `right`; counts what it is asked. */
function createLab(life: number) {
  const lab = { asked: 0, now: 0, fails: false }
  const authority: Authority = {
    async checkPassword(_, { user, password }) {
      lab.asked += 1
      if (lab.fails) throw new Error('no database')
      return password === 'right' ? { user, groups: NO_GROUPS } : undefined
    },
    async findSecret(_, { user, algorithm }) {
      lab.asked += 1
      return user === 'ann' ? { user, groups: NO_GROUPS, secret: algorithm } : undefined
    },
  }
  const cached = new CachedAuthority(authority, life, () => lab.now)
  const check = async (user: string, password: string) =>
    (await cached.checkPassword(REQUEST, { user, password }))?.user
  return { lab, cached, check }
}

test('a right password is asked about once in its time', async () => {
  const { lab, check } = createLab(1000)
  expect([await check('ann', 'right'), await check('ann', 'right')]).toEqual(['ann', 'ann'])
  expect(lab.asked).toBe(1)
  expect(await check('bob', 'right')).toBe('bob')
  expect(lab.asked).toBe(2)
  lab.now = 1000
  expect(await check('ann', 'right')).toBe('ann')
  expect(lab.asked).toBe(3)
})

test('a wrong password and a failure are asked about again', async () => {
  const { lab, check } = createLab(1000)
  expect([await check('ann', 'wrong'), await check('ann', 'wrong')]).toEqual([undefined, undefined])
  lab.fails = true
  await expect(check('ann', 'right')).rejects.toThrow('no database')
  lab.fails = false
  expect(await check('ann', 'right')).toBe('ann')
  expect(await check('ann', 'wrong')).toBeUndefined()
  expect(lab.asked).toBe(5)
})

test('secrets are kept for each algorithm', async () => {
  const { lab, cached } = createLab(1000)
  const find = async (user: string, algorithm: 'MD5' | 'SHA-256') =>
    (await cached.findSecret(REQUEST, { user, algorithm }))?.secret
  expect(await find('ann', 'MD5')).toBe('MD5')
  expect(await find('ann', 'SHA-256')).toBe('SHA-256')
  expect(await find('ann', 'MD5')).toBe('MD5')
  expect(await find('bob', 'MD5')).toBeUndefined()
  expect(lab.asked).toBe(3)
})

test('what was kept longest goes beyond 10,000', async () => {
  const { lab, check } = createLab(1000)
  for (let count = 0; count < 10_001; count += 1) await check(`user${count}`, 'right')
  await check('user10000', 'right')
  expect(lab.asked).toBe(10_001)
  await check('user0', 'right')
  expect(lab.asked).toBe(10_002)
})
