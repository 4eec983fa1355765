import { describe, expect, test } from 'vitest'

import {
  FunctionAuthority,
  type AuthenticationFunctions,
} from '../../../src/pipeline/guard/function-guard.ts'
import { createPlainExchange } from '../../support/plain-exchange.ts'

const HASH = 'A'.repeat(32)

async function findSecret(
  functions: AuthenticationFunctions,
  wantsGroups = false,
): Promise<unknown> {
  const authority = new FunctionAuthority({ functions, realm: 'staff', wantsGroups })
  const match = { scriptName: '', pathInfo: '/x', restOffset: 0 }
  const request = { exchange: createPlainExchange({ target: '/x' }), match }
  return await authority.findSecret(request, { user: 'ann', algorithm: 'MD5' })
}

describe('a function that knows secrets', () => {
  test('is asked for the realm and the algorithm of the challenge', async () => {
    const asked: unknown[] = []
    const getRealmHash = (...[{ path }, ...more]: [{ path: string }, ...unknown[]]): string => {
      asked.push(path, ...more)
      return HASH
    }
    expect(await findSecret({ getRealmHash })).toEqual({
      user: 'ann',
      groups: new Set(),
      secret: 'a'.repeat(32),
    })
    expect(asked).toEqual(['/x', 'ann', 'staff', 'MD5'])
  })

  test('knows the groups of the user where they are wanted', async () => {
    const groupsForUser = async (_: unknown, user: string): Promise<string[]> => [user, 'staff']
    const secret = await findSecret({ getRealmHash: () => HASH, groupsForUser }, true)
    expect(secret).toMatchObject({ groups: new Set(['ann', 'staff']) })
    await expect(findSecret({ getRealmHash: () => HASH }, true)).rejects.toThrow(
      'there is no groupsForUser',
    )
  })

  test.each([undefined, null])('does not know a user: %s', async (nothing) => {
    expect(await findSecret({ getRealmHash: () => nothing })).toBeUndefined()
  })

  test.each(['', 'a'.repeat(31), 'g'.repeat(32), 'a'.repeat(64)])(
    'gives what is no hash: %s',
    async (answer) => {
      await expect(findSecret({ getRealmHash: () => answer })).rejects.toThrow(
        'getRealmHash must return the MD5 hash in hexadecimal digits',
      )
    },
  )
})
