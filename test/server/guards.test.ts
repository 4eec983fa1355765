import { createHash } from 'node:crypto'
import { chmodSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  createApp,
  type AccessFunction,
  type AppOptions,
  type GuardRequest,
} from '../../src/index.ts'
import { startFront } from '../support/front.ts'
import { createProject, type Project } from '../support/project.ts'
import { fetchRaw, openRaw } from '../support/raw-client.ts'
import { formatHandshake, openWebSocket } from '../support/web-socket-client.ts'

type Routes = NonNullable<AppOptions['routes']>
type Fields = readonly (readonly [string, string])[]

const TELL = `
import json
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    names = ("REMOTE_USER", "AUTH_TYPE", "HTTP_AUTHORIZATION", "HTTP_REMOTE_USER", "PATH_INFO")
    return [json.dumps([environ.get(name) for name in names]).encode()]
`

const TELL_ASGI = `
import json
async def application(scope, receive, send):
    if scope["type"] == "websocket":
        told = json.dumps(scope["extensions"]["taipan.auth"])
        await receive()
        await send({"type": "websocket.accept", "headers": [(b"x-told", told.encode())]})
        return
    if scope["type"] != "http":
        return
    headers = [name.decode() for name, _ in scope["headers"]]
    told = [scope["extensions"].get("taipan.auth"), "authorization" in headers]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})
`

const AUTH = `
import hashlib
PASSWORDS = {"ann": "a:b", "zoë": "päss", "bob": "x"}
CALLS = []

def allow_access(environ, host):
    assert "HTTP_AUTHORIZATION" not in environ and "HTTP_PROXY_AUTHORIZATION" not in environ
    told = environ.get("HTTP_X_ALLOW")
    if told == "raise":
        raise LookupError("who knows")
    return {None: None, "yes": host == environ["REMOTE_ADDR"], "no": False, "one": 1, "text": "yes",
            "list": [True]}[told]

def check_password(environ, user, password):
    assert "HTTP_AUTHORIZATION" not in environ and "wsgi.input" not in environ
    CALLS.append((environ["REQUEST_METHOD"], environ["SCRIPT_NAME"], environ["PATH_INFO"]))
    if user == "calls":
        return repr(CALLS.pop(-2)) if password == "last" else None
    if user == "returns":
        return {"one": 1, "empty": "", "list": [], "lines": "a\\nb", "eve": "eve", "ä": "ä"}[password]
    if user == "exits":
        raise SystemExit(0)
    if user not in PASSWORDS:
        return None
    return PASSWORDS[user] == password

def get_realm_hash(environ, user, realm):
    if user == "short":
        return "abc"
    if user not in PASSWORDS:
        return None
    name = environ["taipan.digest_algorithm"].replace("-", "").lower()
    return hashlib.new(name, f"{user}:{realm}:{PASSWORDS[user]}".encode()).hexdigest()

def groups_for_user(environ, user):
    return {"ann": [b"staff", "other"], "bob": (), "zoë": None}[user]
`

/** Serves with these options in this process. */
async function serveRoutes(options: AppOptions) {
  const app = await createApp({ log: { level: 'silent' }, ...options })
  const front = await startFront(app.handler)
  await app.start()
  return {
    url: front.url,
    async get(target: string, more: { readonly headers?: Fields; readonly method?: string } = {}) {
      const { status, text } = await fetchRaw(front.url, { target, ...more })
      return `${status} ${text.trim()}`
    },
    async [Symbol.asyncDispose]() {
      await front.stop()
      await app.stop()
    },
  }
}

function basic(user: string, password: string): readonly [string, string] {
  return ['Authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`]
}

const APPS = {
  tell: { target: 'tell:application', appDirectory: '' },
  asgi: { target: 'tell_asgi:application', appDirectory: '' },
}
const BASIC = { type: 'basic', realm: 'staff', script: '' } as const

describe('scripts', () => {
  let project: Project
  let served: Awaited<ReturnType<typeof serveRoutes>>

  beforeAll(async () => {
    project = createProject({
      'auth.py': AUTH,
      'tell.py': TELL,
      'tell_asgi.py': TELL_ASGI,
      'files/secret.txt': 'a secret',
      'act.py': 'import os\ndef main(*_):\n    print("\\n" + os.environ["REMOTE_USER"])\n',
      'site/tell.py': `
import os
print("Content-Type: text/plain\\n")
print(os.environ.get("REMOTE_USER"), os.environ.get("AUTH_TYPE"), os.environ.get("PATH_INFO"))
`,
      'site/go.py': 'import os\nprint("Location: " + os.environ["QUERY_STRING"] + "\\n")',
      'site/tell.cgi':
        '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n$REMOTE_USER $AUTH_TYPE"\n',
      'site/loop.py': 'print("Location: /scripts/loop.py\\n")',
    })
    chmodSync(project.path('site/tell.cgi'), 0o755)
    const auth = { ...BASIC, script: project.path('auth.py') }
    const digest = { ...auth, type: 'digest' } as const
    const routes: Routes = [
      { path: '/', scripts: project.path('site') },
      { path: '/files', static: project.path('files'), auth },
      { path: '/scripts', scripts: project.path('site'), auth },
      { path: '/handler', handler: `${project.path('act.py')}:main`, auth },
      { path: '/moved', redirect: '/else', auth },
      { path: '/wsgi', app: 'tell', auth },
      { path: '/wsgi/all', app: 'tell', auth: { ...auth, passAuthorization: true } },
      { path: '/wsgi/open', app: 'tell' },
      { path: '/wsgi/access', app: 'tell', access: project.path('auth.py') },
      { path: '/asgi', app: 'asgi', auth },
      { path: '/staff', app: 'tell', auth: { ...auth, require: { group: 'staff', user: 'zoë' } } },
      { path: '/digest', app: 'tell', auth: digest },
      { path: '/both', app: 'tell', auth, access: project.path('auth.py') },
    ]
    const apps = Object.fromEntries(
      Object.entries(APPS).map(([name, app]) => [name, { ...app, appDirectory: project.folder }]),
    )
    served = await serveRoutes({ apps, routes, processes: 1, threads: 4 })
  })
  afterAll(async () => {
    await served[Symbol.asyncDispose]()
    project[Symbol.dispose]()
  })

  const ANN = basic('ann', 'a:b')

  test.each(['GET', 'HEAD', 'POST', 'OPTIONS', 'PROPFIND'])(
    '%s needs a password',
    async (method) => {
      const targets = [
        '/files/secret.txt',
        '/files/absent',
        '/files/',
        '/wsgi',
        '/moved/x',
        '/handler',
      ]
      for (const target of targets) {
        const { status, text } = await fetchRaw(served.url, { target, method })
        expect([target, status, text.trim()]).toEqual([
          target,
          401,
          method === 'HEAD' ? '' : 'Unauthorized',
        ])
      }
    },
  )

  test('WebSockets need one', async () => {
    using connection = await openRaw(served.url)
    connection.send(formatHandshake({ target: '/asgi' }))
    const response = await connection.readFinalResponse()
    expect([response.status, response.header('www-authenticate')]).toEqual([
      401,
      'Basic realm="staff", charset="UTF-8"',
    ])
  })

  test('a WebSocket with one knows its user', async () => {
    using socket = await openWebSocket(served.url, { target: '/asgi', fields: [ANN] })
    expect(socket.answer.header('x-told')).toBe('{"type": "Basic", "user": "ann"}')
  })

  test('the right one is let in, and wrong ones are not', async () => {
    const get = (...headers: Fields) => served.get('/files/secret.txt', { headers })
    expect(await get(ANN)).toBe('200 a secret')
    expect(await get(basic('zoë', 'päss'))).toBe('200 a secret')
    for (const [user, password] of [
      ['ann', 'a'],
      ['ann', 'a:b '],
      ['ann', ''],
      ['Ann', 'a:b'],
      ['', ''],
      ['nobody', 'x'],
    ] as const)
      expect(await get(basic(user, password))).toBe('401 Unauthorized')
    expect(await get(ANN, basic('bob', 'x'))).toBe('401 Unauthorized')
    expect(await get(['Authorization', 'Bearer x'])).toBe('401 Unauthorized')
    expect(await served.get('/files/absent', { headers: [ANN] })).toBe('404 Not Found')
    expect(await served.get('/moved/x', { headers: [ANN] })).toBe('308 ')
  })

  test('the application sees the user, and nothing that a client says of it', async () => {
    const headers: Fields = [
      ANN,
      ['Remote-User', 'eve'],
      ['REMOTE_USER', 'eve'],
      ['Auth-Type', 'x'],
    ]
    expect(await served.get('/wsgi/x', { headers })).toBe('200 ["ann", "Basic", null, "eve", "/x"]')
    expect(await served.get('/wsgi/open', { headers })).toBe(
      `200 [null, null, "${ANN[1]}", "eve", ""]`,
    )
    expect(await served.get('/wsgi/all', { headers })).toBe(
      `200 ["ann", "Basic", "${ANN[1]}", "eve", ""]`,
    )
    expect(await served.get('/asgi', { headers })).toBe(
      '200 [{"type": "Basic", "user": "ann"}, false]',
    )
    expect(await served.get('/scripts/tell.py/x', { headers })).toBe('200 ann Basic /x')
    expect(await served.get('/scripts/tell.cgi', { headers })).toBe('200 ann Basic')
    expect(await served.get('/handler', { headers })).toBe('200 ann')
    const user = [basic('zoë', 'päss')]
    expect(await served.get('/scripts/tell.cgi', { headers: user })).toBe('200 zo\xc3\xab Basic')
    expect(await served.get('/tell.py/x', { headers })).toBe('200 None None /x')
    const zoe = [basic('zoë', 'päss')]
    expect(await served.get('/wsgi', { headers: zoe })).toContain(
      '200 ["zo\\u00c3\\u00ab", "Basic"',
    )
    expect(await served.get('/asgi', { headers: zoe })).toContain('"user": "zo\\u00eb"')
  })

  test('requests of one connection are told apart', async () => {
    using connection = await openRaw(served.url)
    const ask = async (target: string, user: readonly [string, string]): Promise<string> => {
      connection.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${user.join(': ')}\r\n\r\n`)
      return (await connection.readFinalResponse()).text
    }
    for (const target of ['/wsgi/x', '/wsgi/x', '/wsgi/x']) {
      expect(await ask(target, ANN)).toContain('"ann"')
      expect(await ask(target, ANN)).toContain('"ann"')
    }
    expect(await ask('/wsgi/x', basic('bob', 'x'))).toContain('"bob"')
    expect(await ask('/wsgi/open', ANN)).toContain('[null, null, "Basic')
  })

  test('access scripts see neither passwords nor anything but their verdict', async () => {
    const get = (allow: string, ...more: Fields) =>
      served.get('/wsgi/access', { headers: [['X-Allow', allow], ANN, ...more] })
    expect(await get('yes', ['Proxy-Authorization', 'Basic x'])).toMatch(
      /^200 \[null, null, "Basic/,
    )
    expect(await served.get('/wsgi/access')).toMatch(/^200 /)
    expect(await get('no')).toBe('403 Forbidden')
    for (const failure of ['raise', 'one', 'text', 'list', 'unknown'])
      expect(await get(failure)).toBe('500 Internal Server Error')
  })

  test('access comes first', async () => {
    const get = (allow: string, ...more: Fields) =>
      served.get('/both', { headers: [['X-Allow', allow], ...more] })
    expect(await get('no')).toBe('403 Forbidden')
    expect(await get('no', ANN)).toBe('403 Forbidden')
    expect(await get('yes')).toBe('401 Unauthorized')
    expect(await get('yes', ANN)).toMatch(/^200 /)
    expect(await get('raise', ANN)).toBe('500 Internal Server Error')
  })

  test('what scripts return has a meaning, or is a failure', async () => {
    const get = (password: string) => served.get('/wsgi', { headers: [basic('returns', password)] })
    expect(await get('eve')).toMatch(/^200 \["eve"/)
    expect(await get('ä')).toContain('["\\u00c3\\u00a4"')
    for (const failure of ['one', 'empty', 'list', 'lines', 'unknown'])
      expect(await get(failure)).toBe('500 Internal Server Error')
    expect(await served.get('/wsgi', { headers: [basic('exits', '')] })).toMatch(/^500 /)
  })

  test('scripts see the request, whatever its method and path', async () => {
    for (const method of ['HEAD', 'POST', 'DELETE']) {
      await served.get('/files/x%20y', { method, headers: [ANN] })
      expect(await served.get('/wsgi', { headers: [basic('calls', 'last')] })).toContain(
        `('${method}', '/files', '/x y')`,
      )
    }
  })

  test('malformed credentials ask no script', async () => {
    for (const credentials of [
      'x',
      'Basic',
      'Basic !',
      `Basic ${'A'.repeat(20_000)}`,
      'Basic YQ==',
    ]) {
      const headers: Fields = [['Authorization', credentials]]
      expect(await served.get('/files/x', { headers })).toBe('401 Unauthorized')
    }
    await served.get('/moved', { headers: [ANN] })
    expect(await served.get('/wsgi', { headers: [basic('calls', 'last')] })).toContain(
      `('GET', '/moved', '')`,
    )
  })

  test('groups and users are required', async () => {
    const get = (user: string, password: string) =>
      served.get('/staff', { headers: [basic(user, password)] })
    expect(await get('ann', 'a:b')).toMatch(/^200 /)
    expect(await get('bob', 'x')).toBe('401 Unauthorized')
    // Its groups are no list.
    expect(await get('zoë', 'päss')).toBe('500 Internal Server Error')
  })

  test('redirects of scripts pass the checks of where they lead to', async () => {
    expect(await served.get('/go.py?/files/secret.txt')).toBe('401 Unauthorized')
    expect(await served.get('/go.py?//files/secret.txt')).toBe('401 Unauthorized')
    expect(await served.get('/go.py?/files/secret.txt', { headers: [ANN] })).toBe('200 a secret')
    const target = '/scripts/go.py?/files/secret.txt'
    expect(await served.get(target, { headers: [ANN] })).toBe('200 a secret')
    expect(await served.get('/scripts/go.py?/wsgi/open', { headers: [ANN] })).toMatch(
      /^200 \[null, null, "Basic/,
    )
    expect(await served.get('/scripts/loop.py', { headers: [ANN] })).toMatch(/^500 /)
  })

  test('a request with a body is refused before its body is read', async () => {
    using connection = await openRaw(served.url)
    connection.send(
      'POST /wsgi HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
    )
    expect((await connection.readFinalResponse()).status).toBe(401)
  })

  describe('digest', () => {
    interface Parts {
      readonly user?: string
      readonly password?: string
      readonly target?: string
      readonly uri?: string
      readonly nc?: string
      readonly changes?: Readonly<Record<string, string>>
    }

    async function challenge(target = '/digest'): Promise<Record<string, string>> {
      const response = await fetchRaw(served.url, target)
      expect(response.status).toBe(401)
      return readChallenge(response.header('www-authenticate') ?? '')
    }

    function readChallenge(field: string): Record<string, string> {
      return Object.fromEntries(
        [...field.matchAll(/([a-z]+)="?([^",]*)"?/g)].map(([, name, value]) => [name, value]),
      )
    }

    async function answer(given: Record<string, string>, parts: Parts = {}) {
      const { user = 'ann', password = 'a:b', target = '/digest', nc = '00000001' } = parts
      const { uri = target, changes = {} } = parts
      const all = { username: user, uri, nc, cnonce: 'c', ...given, qop: 'auth', ...changes }
      const hash = (text: string) => createHash('md5').update(text).digest('hex')
      const secret = hash(`${user}:${given['realm']}:${password}`)
      const nonce = `${given['nonce']}:${nc}:c:auth`
      const response = hash(`${secret}:${nonce}:${hash(`GET:${uri}`)}`)
      const params = Object.entries({ response, ...all }).map(
        ([name, value]) => `${name}="${value}"`,
      )
      const field = ['Authorization', `Digest ${params.join(', ')}`] as const
      const answered = await fetchRaw(served.url, { target, headers: [field] })
      const isStale = answered.header('www-authenticate')?.includes('stale=true')
      return `${answered.status}${isStale === true ? ' stale' : ''}`
    }

    test('lets in, once for each count', async () => {
      const given = await challenge()
      expect(given).toMatchObject({ realm: 'staff', qop: 'auth', algorithm: 'MD5' })
      expect(await answer(given)).toBe('200')
      expect(await answer(given)).toBe('401 stale')
      expect(await answer(given, { nc: '00000002' })).toBe('200')
      expect(await answer(given, { nc: '00000003', target: '/digest/x?y' })).toBe('200')
    })

    test('refuses all that does not fit', async () => {
      const given = await challenge()
      expect(await answer(given, { password: 'x' })).toBe('401')
      expect(await answer(given, { user: 'nobody' })).toBe('401')
      expect(await answer(given, { user: 'short' })).toBe('500')
      expect(await answer(given, { uri: '/other' })).toBe('400')
      expect(await answer(given, { uri: '/digest?x' })).toBe('400')
      expect(await answer(given, { changes: { nc: '00000002' } })).toBe('401')
      expect(await answer({ ...given, realm: 'others' })).toBe('401')
      expect(await answer({ ...given, opaque: 'x' })).toBe('401')
      expect(await answer({ ...given, algorithm: 'SHA-256' })).toBe('401')
      expect(await answer({ ...given, nonce: 'AAAA' })).toBe('401')
      expect(await answer({ ...given, nonce: 'A'.repeat(43) })).toBe('401')
      expect(await answer(given)).toBe('200')
    })
  })
})

test('a script is loaded again when it or a module beside it changes, and its failures refuse', async () => {
  using project = createProject({
    'files/a.txt': 'a',
    'auth.py':
      'import users\ndef check_password(environ, user, password):\n    return password == users.WORD',
    'users.py': 'WORD = "one"',
  })
  const auth = { ...BASIC, script: project.path('auth.py') }
  await using served = await serveRoutes({
    routes: [{ path: '/', static: project.path('files'), auth }],
  })
  const get = (password: string) => served.get('/a.txt', { headers: [basic('x', password)] })
  expect([await get('one'), await get('two')]).toEqual(['200 a', '401 Unauthorized'])
  project.write('users.py', 'WORD = "two!"')
  expect([await get('one'), await get('two!')]).toEqual(['401 Unauthorized', '200 a'])
  for (const broken of [
    'def check_password(:',
    'x = 1',
    'check_password = 1',
    'raise SystemExit',
  ]) {
    project.write('auth.py', broken)
    expect(await get('two!')).toBe('500 Internal Server Error')
  }
  project.write('auth.py', 'def check_password(environ, user, password): return True')
  expect(await get('any')).toBe('200 a')
  project.write('auth.py', 'import os\ndef check_password(environ, user, password): os._exit(1)')
  expect(await get('any')).toBe('500 Internal Server Error')
})

test('a script that hangs is ended by the time limit of requests', async () => {
  using project = createProject({
    'files/a.txt': 'a',
    'auth.py':
      'import time\ndef check_password(environ, user, password):\n    while True: time.sleep(0.01)',
  })
  const auth = { ...BASIC, script: project.path('auth.py') }
  await using served = await serveRoutes({
    routes: [{ path: '/', static: project.path('files'), auth }],
    timeouts: { request: '200ms' },
  })
  const headers = [basic('x', 'y')]
  expect(await served.get('/a.txt', { headers })).toBe('500 Internal Server Error')
})

describe('functions', () => {
  const hash = (user: string, realm: string) =>
    createHash('md5').update(`${user}:${realm}:secret`).digest('hex')

  test('need no Python', async () => {
    using project = createProject({ 'files/a.txt': 'a' })
    const seen: GuardRequest[] = []
    const root = project.path('files')
    await using served = await serveRoutes({
      python: '/nowhere/python',
      routes: [
        {
          path: '/access',
          static: root,
          access: (request) => {
            seen.push(request)
            return request.field('x-allow') === 'yes'
          },
        },
        {
          path: '/auth',
          static: root,
          auth: {
            realm: 'staff',
            checkPassword: async (_request, user, password) =>
              password === 'named' ? 'ann' : password === user,
            groupsForUser: (_request, user) => new Set([`of ${user}`]),
            require: { group: ['of ann'] },
          },
        },
        {
          path: '/digest',
          static: root,
          auth: {
            type: 'digest',
            realm: 'staff',
            getRealmHash: (_, user, realm) => hash(user, realm),
          },
        },
      ],
    })
    const allowed: Fields = [['X-Allow', 'yes'], basic('a', 'b'), ['Cookie', 'c=1']]
    expect(await served.get('/access/a.txt?q', { headers: allowed })).toBe('200 a')
    expect(await served.get('/access/a.txt')).toBe('403 Forbidden')
    const [first] = seen
    expect(first).toMatchObject({
      method: 'GET',
      path: '/access/a.txt',
      query: 'q',
      version: '1.1',
    })
    expect(first?.connection.remoteAddress).toBe('127.0.0.1')
    expect(first?.fields.map((text) => text.toLowerCase())).not.toContain('authorization')
    expect(first?.field('Cookie')).toBe('c=1')
    const get = (...headers: Fields) => served.get('/auth/a.txt', { headers })
    expect(await get(basic('ann', 'ann'))).toBe('200 a')
    expect(await get(basic('bob', 'named'))).toBe('200 a')
    expect(await get(basic('bob', 'bob'))).toBe('401 Unauthorized')
    expect(await served.get('/digest/a.txt')).toBe('401 Unauthorized')
  })

  test.each<readonly [string, AccessFunction]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['returns a number', () => JSON.parse('1')],
    ['returns a text', () => JSON.parse('"yes"')],
  ])('one that %s refuses', async (_, access) => {
    using project = createProject({ 'files/a.txt': 'a' })
    const routes = [{ path: '/', static: project.path('files'), access }]
    await using served = await serveRoutes({ routes })
    expect(await served.get('/a.txt')).toBe('500 Internal Server Error')
  })

  test('one that never answers refuses after the time limit of requests', async () => {
    using project = createProject({ 'files/a.txt': 'a' })
    const access = () => new Promise<boolean>(() => {})
    await using served = await serveRoutes({
      routes: [{ path: '/', static: project.path('files'), access }],
      timeouts: { request: '50ms' },
    })
    expect(await served.get('/a.txt')).toBe('500 Internal Server Error')
  })

  test('what they tell is remembered for as long as it is configured', async () => {
    using project = createProject({ 'files/a.txt': 'a' })
    let asked = 0
    const checkPassword = () => {
      asked += 1
      return true
    }
    const auth = { realm: 'staff', checkPassword }
    await using served = await serveRoutes({
      routes: [
        { path: '/', static: project.path('files'), auth: { ...auth, cache: '1h' } },
        { path: '/each', static: project.path('files'), auth },
      ],
    })
    for (const target of ['/a.txt', '/a.txt', '/each/a.txt', '/each/a.txt'])
      expect(await served.get(target, { headers: [basic('a', 'b')] })).toBe('200 a')
    expect(asked).toBe(3)
  })
})

test.each(['static', 'scripts', 'cgi'] as const)(
  'no spelling of a path leads round the check, with %s around it',
  async (kind) => {
    using project = createProject({
      'www/index.html': 'open',
      'www/private/secret.txt': 'a secret',
      'www/private/secret.cgi': '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\na secret"\n',
      'auth.py': 'def check_password(environ, user, password): return user == "ann"',
    })
    chmodSync(project.path('www/private/secret.cgi'), 0o755)
    const auth = { ...BASIC, script: project.path('auth.py') }
    await using served = await serveRoutes({
      routes: [
        { path: '/', [kind]: project.path('www') },
        { path: '/private', [kind]: project.path('www/private'), auth },
      ],
    })
    const file = kind === 'cgi' ? 'secret.cgi' : 'secret.txt'
    const headers = [basic('ann', '')]
    expect(await served.get(`/private/${file}`, { headers })).toBe('200 a secret')
    for (const folder of SPELLINGS)
      for (const method of ['GET', 'POST']) {
        const answer = await served.get(folder + file, { method })
        expect([folder, answer]).toEqual([folder, '401 Unauthorized'])
      }
    for (const folder of ['/private/../', '/../private/', '/%2e%2e/private/']) {
      const answer = await served.get(folder + file)
      expect([folder, answer]).toEqual([folder, expect.stringMatching(/^40[14] /)])
    }
  },
)

const SPELLINGS = [
  '/private/',
  '/%70rivate/',
  '/%50RIVATE/',
  '//private/',
  '/.//private/',
  '/x/../private/',
  '/x/%2e%2e/private/',
  '/x/%2E./private/',
  '/x/..%2fprivate/',
  '/private%2f',
  '/private%5c',
  '/private//',
  '/private/./',
  '/private/x/../',
  '/Private/',
  '/private./',
  '/private%20/',
  '/private%00/',
  '/private::$DATA/',
  '/private;x/',
]
