import { describe, expect, test } from 'vitest'

import { runTaipan, startTaipan } from '../support/cli.ts'
import { createNginxSite } from '../support/peers/nginx.ts'
import { findMissing, startPeer } from '../support/peers/peer.ts'
import { createProject, type Project } from '../support/project.ts'
import { formatRequest, fetchRaw, openRaw } from '../support/raw-client.ts'

const WSGI = `
import json
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    return [json.dumps(told).encode()]
`
const ASGI = `
import json
async def application(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("http only")
    told = {key: scope[key] for key in ("client", "server", "scheme", "path", "root_path")}
    told["headers"] = [[name.decode(), value.decode()] for name, value in scope["headers"]]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})
`
const GUARD = `
def allow_access(environ, host):
    return host == "203.0.113.7" and environ["REMOTE_ADDR"] == host
`
const FIELDS = [
  ['X-Forwarded-For', '198.51.100.1, 203.0.113.7:999'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Real-IP', '198.51.100.2'],
] as const

function createSite(config: object): Project {
  return createProject({
    'app.py': WSGI,
    'scope.py': ASGI,
    'guard.py': GUARD,
    'taipan.config.json': JSON.stringify(config),
  })
}

async function ask(
  url: string,
  headers: readonly (readonly [string, string])[] = FIELDS,
  target = '/',
): Promise<Record<string, unknown>> {
  const { text } = await fetchRaw(url, { headers, target })
  const told: unknown = JSON.parse(text)
  return { ...(typeof told === 'object' ? told : {}) }
}

describe.each(['daemon', 'embedded'] as const)('engine %s', (engine) => {
  const base = { engine, bind: '127.0.0.1:0', proxies: { trust: ['loopback'] } }
  const apps = { app: { target: 'app.py' }, scope: { target: 'scope.py' } }
  const routes = [
    { path: '/', app: 'app' },
    { path: '/scope', app: 'scope' },
  ]

  test('environ and scope are those of the client that a trusted proxy names', async () => {
    using project = createSite({ ...base, apps, routes, threads: 1, environ: 'mod_wsgi' })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const environ = await ask(taipan.url)
    expect(environ).toMatchObject({
      REMOTE_ADDR: '203.0.113.7',
      'mod_wsgi.connection_id': '203.0.113.7',
      'wsgi.url_scheme': 'https',
      HTTPS: 'on',
      HTTP_X_FORWARDED_FOR: '203.0.113.7',
    })
    expect(environ).not.toHaveProperty('REMOTE_PORT')
    expect(environ).not.toHaveProperty('HTTP_X_REAL_IP')
    const scope = await ask(taipan.url, FIELDS, '/scope/x')
    expect(scope).toMatchObject({ client: ['203.0.113.7', 0], scheme: 'https' })
    expect(scope['headers']).toContainEqual(['x-forwarded-for', '203.0.113.7'])
    await taipan.waitForOutput(/203\.0\.113\.7 GET \/scope\/x/)
  })

  test('another client on the connection of the proxy is another one', async () => {
    using project = createSite({ ...base, apps, routes })
    await using taipan = await startTaipan([], { cwd: project.folder })
    using connection = await openRaw(taipan.url)
    const seen: unknown[] = []
    for (const client of ['203.0.113.7', '203.0.113.7', '203.0.113.8', '', '203.0.113.7']) {
      const headers = [
        ['Connection', 'keep-alive'],
        ...(client === '' ? [] : [['X-Forwarded-For', client] as const]),
      ] as const
      connection.send(formatRequest({ headers }))
      const environ: unknown = JSON.parse((await connection.readResponse()).text)
      seen.push(Reflect.get(Object(environ), 'REMOTE_ADDR'))
    }
    expect(seen).toEqual(['203.0.113.7', '203.0.113.7', '203.0.113.8', '127.0.0.1', '203.0.113.7'])
  })

  test('X-Script-Name takes the place of the mount, and the path stays', async () => {
    const headers = ['X-Script-Name', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Server']
    using project = createSite({
      ...base,
      proxies: { trust: ['127.0.0.1'], headers },
      apps,
      routes: [...routes, { path: '/mounted', app: 'app' }],
    })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const given = [
      ['X-Script-Name', '/shop/'],
      ['X-Forwarded-Host', 'a.example'],
      ['X-Forwarded-Port', '8443'],
      ['X-Forwarded-Server', 'b.example'],
    ] as const
    expect(await ask(taipan.url, given, '/a%20b?c')).toMatchObject({
      SCRIPT_NAME: '/shop',
      PATH_INFO: '/a b',
      HTTP_HOST: 'a.example',
      SERVER_NAME: 'b.example',
      SERVER_PORT: '8443',
      REMOTE_ADDR: '127.0.0.1',
    })
    expect(await ask(taipan.url, given, '/mounted/x')).toMatchObject({
      SCRIPT_NAME: '/shop',
      PATH_INFO: '/x',
    })
    expect(await ask(taipan.url, given, '/scope/x')).toMatchObject({
      root_path: '/shop',
      path: '/shop/x',
      server: ['b.example', 8443],
    })
    expect(await ask(taipan.url, given.slice(1), '/mounted/x')).toMatchObject({
      SCRIPT_NAME: '/mounted',
      PATH_INFO: '/x',
    })
  })
})

test('nothing is believed by default, and one line tells that it came', async () => {
  using project = createSite({ bind: '127.0.0.1:0', app: 'app.py' })
  await using taipan = await startTaipan([], { cwd: project.folder })
  for (let requests = 0; requests < 3; requests += 1)
    expect(await ask(taipan.url)).toMatchObject({
      REMOTE_ADDR: '127.0.0.1',
      'wsgi.url_scheme': 'http',
      HTTP_X_FORWARDED_FOR: '198.51.100.1, 203.0.113.7:999',
      HTTP_X_REAL_IP: '198.51.100.2',
    })
  const { output } = await taipan.stop()
  expect(output.match(/X-Forwarded-For came from 127\.0\.0\.1, and is not believed/g)).toHaveLength(
    1,
  )
  expect(output).toContain('--trust-proxy 127.0.0.1')
})

test('peers that are not trusted are not believed, and what they say is taken out', async () => {
  using project = createSite({ bind: '127.0.0.1:0', app: 'app.py' })
  await using taipan = await startTaipan(['--trust-proxy', '192.0.2.0/24'], { cwd: project.folder })
  const environ = await ask(taipan.url)
  expect(environ).toMatchObject({ REMOTE_ADDR: '127.0.0.1', 'wsgi.url_scheme': 'http' })
  expect(Object.keys(environ).filter((key) => /FORWARDED|REAL/.test(key))).toEqual([])
  await ask(taipan.url)
  const { output } = await taipan.stop()
  expect(output.match(/is not believed/g)).toHaveLength(1)
})

test('guards, redirects, routes by host and upstreams go by what is believed', async () => {
  using behind = createSite({ bind: '127.0.0.1:0', app: 'app.py' })
  await using upstream = await startTaipan([], { cwd: behind.folder })
  using project = createSite({
    bind: '127.0.0.1:0',
    proxies: {
      trust: ['loopback', '10.0.0.0/8'],
      headers: ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto'],
    },
    apps: { app: { target: 'app.py' } },
    routes: [
      { path: '/', app: 'app', access: 'guard.py' },
      { path: '/up', upstream: upstream.url },
      { path: '/', host: 'a.example', redirect: '/elsewhere' },
    ],
  })
  await using taipan = await startTaipan([], { cwd: project.folder })
  const status = async (...headers: (readonly [string, string])[]) =>
    (await fetchRaw(taipan.url, { headers })).status
  expect(await status(['X-Forwarded-For', '203.0.113.7'])).toBe(200)
  expect(await status(['X-Forwarded-For', '203.0.113.8'])).toBe(403)
  expect(await status(['X-Forwarded-For', '203.0.113.7, 198.51.100.1'])).toBe(403)
  expect(await status(['X-Forwarded-Host', 'a.example'])).toBe(308)
  const environ = await ask(
    taipan.url,
    [
      ['X-Forwarded-For', '198.51.100.1, 203.0.113.7, 10.1.2.3'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'b.example'],
    ],
    '/up/x',
  )
  expect(environ).toMatchObject({
    HTTP_X_FORWARDED_FOR: '203.0.113.7, 10.1.2.3, 127.0.0.1',
    HTTP_X_FORWARDED_PROTO: 'https',
    HTTP_X_FORWARDED_HOST: 'b.example',
    HTTP_FORWARDED: 'for=203.0.113.7;host=b.example;proto=https, for=10.1.2.3, for=127.0.0.1',
  })
})

test('trust is asked about the client that the PROXY header names', async () => {
  using project = createSite({ app: 'app.py', bind: '127.0.0.1:0?proxyProtocol=on' })
  await using taipan = await startTaipan(['--trust-proxy', '10.0.0.0/8'], { cwd: project.folder })
  const seen = async (source: string): Promise<unknown> => {
    using connection = await openRaw(taipan.url)
    connection.send(`PROXY TCP4 ${source} 10.0.0.9 1 2\r\n`)
    connection.send(formatRequest({ headers: FIELDS }))
    const environ: unknown = JSON.parse((await connection.readResponse()).text)
    return Reflect.get(Object(environ), 'REMOTE_ADDR')
  }
  expect(await seen('10.0.0.1')).toBe('203.0.113.7')
  expect(await seen('127.0.0.1')).toBe('127.0.0.1')
})

const NGINX = [
  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
  'proxy_set_header X-Forwarded-Proto https;',
]

test.skipIf(findMissing(createNginxSite([])) !== undefined)(
  'nginx at a Unix socket is trusted as unix',
  async () => {
    using project = createSite({ app: 'app.py' })
    const socket = project.path('app.sock')
    const bind = `unix:${socket}?mode=666`
    await using taipan = await startTaipan(['-b', bind, '--trust-proxy', 'unix'], {
      cwd: project.folder,
    })
    const site = createNginxSite([...NGINX, `location / { proxy_pass http://unix:${socket}; }`])
    await using peer = await startPeer(site, { protocol: 'http' })
    expect(taipan.urls).toEqual([`unix:${socket}`])
    const environ = await ask(peer.place.url, [['X-Forwarded-For', '203.0.113.7']])
    expect(environ).toMatchObject({ REMOTE_ADDR: '127.0.0.1', HTTPS: 'on' })
  },
)

test.each([
  [['--trust-proxy-header', 'X-Real-IP'], /--trust-proxy-header: is believed from nobody/],
  [['--trust-proxy', 'proxy.example'], /--trust-proxy: "proxy\.example" is no proxy/],
  [['--trust-proxy', '10.0.0.0/33'], /is no proxy/],
  [
    ['--trust-proxy', 'loopback', '--trust-proxy-header', 'X-Forwarded-Foo'],
    /"X-Forwarded-Foo" is no field by which .* Did you mean X-Forwarded-For\?/,
  ],
])('%j is refused', async (words, message) => {
  using project = createSite({ app: 'app.py' })
  const { exitCode, output } = await runTaipan(['serve', ...words], { cwd: project.folder })
  expect(exitCode, output).toBe(2)
  expect(output).toMatch(message)
})
