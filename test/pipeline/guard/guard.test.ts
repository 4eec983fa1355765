import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { TaipanError } from '../../../src/core/errors.ts'
import type { Exchange } from '../../../src/core/exchange.ts'
import { createTextHead } from '../../../src/core/response-head.ts'
import { Guard, type GuardRules } from '../../../src/pipeline/guard/guard.ts'
import { guardAnswerer } from '../../../src/pipeline/guard/guard-answerer.ts'
import { NO_PROOF, type Proof, type Scheme } from '../../../src/pipeline/guard/scheme.ts'
import { createFits, narrowAnswerer } from '../../../src/pipeline/narrow.ts'
import { createRouter, type Answerer, type Route } from '../../../src/pipeline/routes.ts'
import { createPlainExchange, type PlainRequest } from '../../support/plain-exchange.ts'

const records: string[] = []
const ignore = (): void => {}
const logger = {
  debug: ignore,
  output: ignore,
  info: ignore,
  warn: ignore,
  error: (_: object, message: string) => void records.push(message),
}

beforeEach(() => void (records.length = 0))
afterEach(() => void vi.useRealTimers())

function createGuard(rules: Partial<GuardRules>): Guard {
  return new Guard({
    access: undefined,
    authentication: undefined,
    authorizer: undefined,
    timeout: 5000,
    logger,
    ...rules,
  })
}

function createAccess(allows: () => Promise<boolean>): Guard {
  return createGuard({ access: { allows } })
}

/** Whoever sends `Authorization: NAME` is that user, in the group of the same name. */
function createScheme(change: (proof: Proof) => Proof = (proof) => proof): Scheme {
  return {
    name: 'Basic',
    async authenticate({ exchange }) {
      const [name, user = ''] = exchange.request.fields
      if (name !== 'Authorization') return change(NO_PROOF)
      return change({ kind: 'user', known: { user, groups: new Set([user]) } })
    },
    challenges: (stale) => [`Basic${stale ? ' stale' : ''}`, 'Other'],
  }
}

const tell: Answerer = ({ response, identity }, { pathInfo }) => {
  const text = `${identity?.user ?? 'anybody'} ${pathInfo}`
  response.send(createTextHead(200, text.length), text)
}

async function ask(guard: Guard, request: PlainRequest = {}): Promise<string> {
  const exchange = createPlainExchange(request)
  createRouter([{ path: '/', answer: guardAnswerer(tell, guard.admit) }])(exchange)
  await exchange.over
  const { head, body } = exchange.answer
  return `${head?.status} ${body.toString().trim()}`
}

describe('a guard', () => {
  test('lets in, or refuses with 403', async () => {
    expect(await ask(createAccess(async () => true))).toBe('200 anybody /')
    expect(await ask(createAccess(async () => false))).toBe('403 Forbidden')
  })

  test.each([
    ['an error', new Error('no database'), 500, ['no database']],
    ['an error with a code', new TaipanError('APPLICATION_FAILED', 'it died'), 500, ['it died']],
    ['what is no error', 'gone', 500, ['gone']],
    ['an overload, which is logged elsewhere', new TaipanError('OVERLOADED', 'full'), 503, []],
  ])('refuses after %s', async (_, error, status, reasons) => {
    const guard = createAccess(() => Promise.reject(error))
    expect(await ask(guard)).toMatch(new RegExp(`^${status} `))
    expect(records).toEqual(
      reasons.map(
        (reason) =>
          `a request was refused, because nobody could tell whether it may come in: ${reason}`,
      ),
    )
  })

  test('refuses after its time, and does not change its mind', async () => {
    vi.useFakeTimers()
    let allow: (allowed: boolean) => void = () => {}
    const guard = createAccess(() => new Promise((resolve) => void (allow = resolve)))
    const answer = ask(guard)
    await vi.advanceTimersByTimeAsync(5000)
    expect(await answer).toBe('500 Internal Server Error')
    allow(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(records).toHaveLength(1)
    expect(records[0]).toContain('it was not told within 5000 ms')
  })

  test('forgets clients that have left', async () => {
    let allow: (allowed: boolean) => void = () => {}
    const guard = createAccess(() => new Promise((resolve) => void (allow = resolve)))
    const exchange = createPlainExchange()
    const next = vi.fn<(exchange: Exchange) => void>()
    guard.admit(exchange, { scriptName: '', pathInfo: '/', restOffset: 0 }, next)
    exchange.leave()
    allow(true)
    await Promise.resolve()
    expect(next).not.toHaveBeenCalled()
  })

  test('access comes before authentication, and that before the requirement', async () => {
    const requirement = { users: ['ann'], groups: [] }
    const authentication = { scheme: createScheme(), requirement, passesAuthorization: false }
    const asAnn = { fields: ['Authorization', 'ann'] }
    const asBob = { fields: ['Authorization', 'bob'] }
    const guard = createGuard({ authentication })
    expect(await ask(guard, asAnn)).toBe('200 ann /')
    expect(await ask(guard, asBob)).toBe('401 Unauthorized')
    expect(await ask(guard)).toBe('401 Unauthorized')
    const closed = createGuard({ authentication, access: { allows: async () => false } })
    expect(await ask(closed, asAnn)).toBe('403 Forbidden')
    const members = createGuard({
      authentication: { ...authentication, requirement: { users: ['ann'], groups: ['bob'] } },
    })
    expect(await ask(members, asAnn)).toBe('200 ann /')
    expect(await ask(members, asBob)).toBe('200 bob /')
    expect(await ask(members, { fields: ['Authorization', 'eve'] })).toBe('401 Unauthorized')
  })

  test('sends all challenges, and says that a nonce was stale', async () => {
    const requirement = { users: [], groups: [] }
    const scheme = createScheme(() => ({ kind: 'none', stale: true }))
    const guard = createGuard({
      authentication: { scheme, requirement, passesAuthorization: false },
    })
    const exchange = createPlainExchange()
    guard.admit(exchange, { scriptName: '', pathInfo: '/', restOffset: 0 }, ignore)
    await exchange.over
    expect(exchange.answer.head?.fields.pairs.slice(-4)).toEqual([
      'WWW-Authenticate',
      'Basic stale',
      'WWW-Authenticate',
      'Other',
    ])
    const other = createScheme(() => ({ kind: 'wrong request' }))
    const authentication = { scheme: other, requirement, passesAuthorization: false }
    expect(await ask(createGuard({ authentication }))).toBe('400 Bad Request')
  })

  test('tells the access log who it was', async () => {
    const requirement = { users: [], groups: [] }
    const authentication = { scheme: createScheme(), requirement, passesAuthorization: true }
    const exchange = createPlainExchange({ fields: ['Authorization', 'zoë'] })
    createGuard({ authentication }).admit(
      exchange,
      { scriptName: '', pathInfo: '/', restOffset: 0 },
      ({ response, identity }) => {
        expect(identity).toEqual({ user: 'zoë', type: 'Basic', passesAuthorization: true })
        response.send(createTextHead(200, 0), '')
      },
    )
    await exchange.over
    expect(exchange.notes.user).toBe('zoë')
  })
})

describe('spellings of a guarded path', () => {
  const CLOSED = createAccess(async () => false)

  function route(
    path: string,
    more: { readonly match?: RegExp; readonly open?: true } = {},
  ): Route {
    const { match, open } = more
    const fits = createFits({
      methods: undefined,
      matches: match === undefined ? undefined : (rest) => match.test(rest),
    })
    if (open === true) return { path, answer: narrowAnswerer(tell, fits) }
    const answer = narrowAnswerer(guardAnswerer(tell, CLOSED.admit), fits)
    return { path, answer, guard: { admit: CLOSED.admit, fits } }
  }

  async function statusOf(routes: readonly Route[], target: string): Promise<number | undefined> {
    const exchange = createPlainExchange({ target })
    createRouter(routes)(exchange)
    await exchange.over
    return exchange.answer.head?.status
  }

  const SITE = [route('/', { open: true }), route('/private')]

  test.each([
    '/private',
    '/private/',
    '/private/x?y',
    '/%70rivate/x',
    '/priv%61te',
    '//private/x',
    '///private//x',
    '/./private/x',
    '/x/../private/x',
    '/x/%2e%2e/private/x',
    '/x/..%2fprivate/x',
    '/%2fprivate/x',
    '/private%2fx',
    '/private%5Cx',
    '/\\private/x',
    '/PRIVATE/x',
    '/Private',
    '/private./x',
    '/private%20/x',
    '/private.%20./x',
    '/private::$INDEX_ALLOCATION/x',
    '/private;a=b/x',
    '/pr%C4%B1vate/x',
    '/priv%E2%80%8Cate/x',
    '/private%00/x',
    '/private/../private/x',
    '/x//..///private',
  ])('%s is guarded', async (target) => {
    expect(await statusOf(SITE, target)).toBe(403)
  })

  test.each(['/', '/x', '/x/private', '/privately', '/private2/x', '/Other/%41', '/x/../other'])(
    '%s is not',
    async (target) => {
      expect(await statusOf(SITE, target)).toBe(200)
    },
  )

  test('a route that is as exact, or more exact, is meant when it is named', async () => {
    const routes = [
      ...SITE,
      route('/PRIVATE', { open: true }),
      route('/private/open', { open: true }),
    ]
    expect(await statusOf(routes, '/PRIVATE/x')).toBe(200)
    expect(await statusOf(routes, '/private/open/X')).toBe(200)
    expect(await statusOf(routes, '/private/x/../open/x')).toBe(403)
    expect(await statusOf(routes, '/Private/x')).toBe(403)
  })

  test('what a narrowed route does not answer goes to the next one, unless it is spelled otherwise', async () => {
    const routes = [route('/p', { match: /^[^/]*\.py$/ }), route('/p', { open: true })]
    expect(await statusOf(routes, '/p/x.py')).toBe(403)
    expect(await statusOf(routes, '/p/x.txt')).toBe(200)
    expect(await statusOf(routes, '/p/.//x.py')).toBe(403)
    expect(await statusOf(routes, '/p/y/../x.py')).toBe(403)
    expect(await statusOf(routes, '/p/x.PY')).toBe(403)
  })

  test('a guard at the root is for all that no other route answers', async () => {
    const routes = [route('/'), route('/open', { open: true })]
    expect(await statusOf(routes, '//x')).toBe(403)
    expect(await statusOf(routes, '/open/%78')).toBe(200)
    expect(await statusOf(routes, '*')).toBe(403)
  })
})
