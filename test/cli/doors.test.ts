import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

import { afterEach, describe, expect, onTestFinished, test } from 'vitest'

import { readDescriptor } from '../../src/streams/net/net-stream.ts'
import { Role } from '../../src/wire/fastcgi/bodies.ts'
import { formatScgiHead } from '../../src/wire/scgi/request.ts'
import {
  FastCgiClient,
  openFastCgi,
  type FastCgiRequest,
} from '../fronts/support/fastcgi-client.ts'
import { PYTHON } from '../applications/support/site.ts'
import { COMMAND, launchTaipan, startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createApache } from '../support/peers/apache.ts'
import { createLighttpd } from '../support/peers/lighttpd.ts'
import { findMissing, startPeer } from '../support/peers/peer.ts'
import { createProject, type Project } from '../support/project.ts'
import { openRaw, pollUntil, RawConnection } from '../support/raw-client.ts'

const WSGI = `
import json
def app(environ, start_response):
    seen = {name: value for name, value in environ.items() if type(value) is str}
    seen["data"] = environ["fcgi.data"].read().decode() if "fcgi.data" in environ else None
    seen["input"] = environ["wsgi.input"].read().decode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]
`
const ASGI = `
import json
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    names = ["path", "root_path", "http_version", "scheme", "client", "server", "FCGI_ROLE"]
    seen = {name: scope.get(name) for name in names}
    seen["variables"] = scope["extensions"]["taipan.variables"]
    seen["extensions"] = sorted(scope["extensions"])
    seen["others"] = [name for name in scope if name.startswith("taipan.")]
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})
`
const SCRIPT = `
import os
print("Content-Type: text/plain\\n")
for name in ["APP_ENV", "SCRIPT_NAME", "PATH_INFO", "SERVER_ADDR", "REMOTE_USER", "FCGI_ROLE"]:
    print(os.environ.get(name, "-"))
`
const AUTHORIZER = `
def app(environ, start_response):
    is_role = environ["FCGI_ROLE"] == "AUTHORIZER"
    known = (environ.get("REMOTE_USER"), environ.get("REMOTE_PASSWD")) == ("ann", "sesame")
    status = "200 OK" if is_role and known else "401 Unauthorized"
    start_response(status, [("Content-Type", "text/plain"), ("Variable-TEAM", "red")])
    return []
`
const VARIABLES = {
  SCRIPT_NAME: '/shop',
  PATH_INFO: '/admin/x y',
  REQUEST_URI: '/shop/admin/x%20y?q=1',
  QUERY_STRING: 'q=1',
  SERVER_PROTOCOL: 'HTTP/2.0',
  SERVER_NAME: 'shop.test',
  SERVER_PORT: '8443',
  SERVER_ADDR: '10.0.0.1',
  REMOTE_ADDR: '192.0.2.7',
  REMOTE_PORT: '4711',
  HTTPS: 'on',
  AUTH_TYPE: 'Basic',
  REMOTE_USER: 'ann',
  APP_ENV: 'prod',
  GATEWAY_INTERFACE: 'CGI/1.1',
  'wsgi.input': 'none',
  HTTP_PROXY: 'http://evil.test',
}

const started: { kill(signal: NodeJS.Signals): unknown }[] = []

afterEach(() => {
  for (const one of started.splice(0)) one.kill('SIGKILL')
})

async function serve(
  project: Project,
  config: object,
  words: string[] = [],
): Promise<RunningTaipan> {
  project.write('taipan.config.json', JSON.stringify(config))
  const taipan = await startTaipan(
    ['--python', PYTHON, '--config', 'taipan.config.json', ...words],
    {
      cwd: project.folder,
    },
  )
  started.push(taipan)
  return taipan
}

async function ask(client: FastCgiClient, request: FastCgiRequest): Promise<string> {
  client.request(request)
  const { output } = await client.answer()
  return output.slice(output.indexOf('\r\n\r\n') + 4)
}

describe('what a server in front says', () => {
  test.each(['daemon', 'embedded'])('reaches a WSGI application: %s', async (engine) => {
    using project = createProject({ 'main.py': WSGI })
    const taipan = await serve(project, {
      bind: 'fastcgi://127.0.0.1:0',
      apps: { main: { target: 'main:app' } },
      engine,
      routes: [
        { path: '/', app: 'main' },
        { path: '/admin', app: 'main' },
      ],
    })
    using client = await openFastCgi(taipan.url)
    const seen = JSON.parse(await ask(client, { variables: VARIABLES, body: 'hello' }))
    expect(seen).toMatchObject({
      SCRIPT_NAME: '/shop/admin',
      PATH_INFO: '/x y',
      REQUEST_URI: '/shop/admin/x%20y?q=1',
      SERVER_PROTOCOL: 'HTTP/2.0',
      SERVER_NAME: 'shop.test',
      SERVER_PORT: '8443',
      REMOTE_ADDR: '192.0.2.7',
      REMOTE_PORT: '4711',
      HTTPS: 'on',
      'wsgi.url_scheme': 'https',
      AUTH_TYPE: 'Basic',
      REMOTE_USER: 'ann',
      APP_ENV: 'prod',
      FCGI_ROLE: 'RESPONDER',
      input: 'hello',
      data: null,
    })
    expect(seen).not.toHaveProperty('GATEWAY_INTERFACE')
    expect(seen).not.toHaveProperty('wsgi.input')
    expect(seen).not.toHaveProperty('HTTP_PROXY')
    const filtered = JSON.parse(
      await ask(client, {
        role: Role.FILTER,
        body: 'body',
        data: 'x'.repeat(200_000),
        variables: { CONTENT_LENGTH: '4', FCGI_DATA_LENGTH: '200000' },
      }),
    )
    expect(filtered).toMatchObject({
      FCGI_ROLE: 'FILTER',
      FCGI_DATA_LENGTH: '200000',
      input: 'body',
      data: 'x'.repeat(200_000),
    })
    const judged = JSON.parse(await ask(client, { role: Role.AUTHORIZER, path: '/admin/in' }))
    expect(judged).toMatchObject({ FCGI_ROLE: 'AUTHORIZER', PATH_INFO: '/in', input: '' })
  })

  test('reaches an ASGI application', async () => {
    using project = createProject({ 'main.py': ASGI })
    const taipan = await serve(project, {
      bind: 'fastcgi://127.0.0.1:0',
      app: 'main:app',
      mount: '/admin',
    })
    using client = await openFastCgi(taipan.url)
    expect(JSON.parse(await ask(client, { variables: VARIABLES }))).toEqual({
      path: '/shop/admin/x y',
      root_path: '/shop/admin',
      http_version: '2',
      scheme: 'https',
      client: ['192.0.2.7', 4711],
      server: ['10.0.0.1', 8443],
      FCGI_ROLE: 'RESPONDER',
      extensions: ['http.response.pathsend', 'taipan.variables'],
      others: [],
      variables: {
        SERVER_ADDR: '10.0.0.1',
        AUTH_TYPE: 'Basic',
        REMOTE_USER: 'ann',
        APP_ENV: 'prod',
      },
    })
  })

  test('reaches scripts and programs', async () => {
    using project = createProject({ 'site/show.py': SCRIPT })
    project.write('programs/show', `#!${PYTHON}\n${SCRIPT}`)
    chmodSync(project.path('programs/show'), 0o755)
    const taipan = await serve(project, {
      bind: 'fastcgi://127.0.0.1:0',
      routes: [
        { path: '/', scripts: 'site' },
        { path: '/cgi', cgi: 'programs' },
      ],
    })
    using client = await openFastCgi(taipan.url)
    for (const [name, path] of [
      ['/shop/show.py', '/show.py/rest'],
      ['/shop/cgi/show', '/cgi/show/rest'],
    ] as const) {
      const variables = { ...VARIABLES, PATH_INFO: path, REQUEST_URI: '/' }
      const seen = (await ask(client, { variables })).split('\n')
      expect(seen).toEqual(['prod', name, '/rest', '10.0.0.1', 'ann', 'RESPONDER', ''])
    }
  })

  test('gives way to a configured root', async () => {
    using project = createProject({ 'main.py': WSGI })
    const taipan = await serve(project, {
      bind: 'fastcgi://127.0.0.1:0',
      app: 'main:app',
      rootPath: '/site',
    })
    using client = await openFastCgi(taipan.url)
    for (const [scriptName, pathInfo] of [
      ['/shop', '/x'],
      ['', '/x'],
      ['', '/site/x'],
      ['/site', '/x'],
    ] as const) {
      const variables = { SCRIPT_NAME: scriptName, PATH_INFO: pathInfo, REQUEST_URI: '' }
      const seen = JSON.parse(await ask(client, { variables }))
      expect([seen.SCRIPT_NAME, seen.PATH_INFO, seen.REQUEST_URI]).toEqual([
        '/site',
        '/x',
        '/site/x',
      ])
    }
  })
})

describe('addresses', () => {
  test('of every protocol are told at the start, and shared by replicas', async () => {
    using project = createProject({ 'main.py': WSGI })
    const socket = project.path('door.sock')
    const taipan = await startTaipan(
      [
        'main:app',
        '--python',
        PYTHON,
        '--engine=embedded',
        '--processes=2',
        '--bind=127.0.0.1:0',
        '--bind=fastcgi://127.0.0.1:0',
        `--bind=fastcgi+unix:${socket}?mode=600`,
      ],
      { cwd: project.folder },
    )
    started.push(taipan)
    await taipan.waitForOutput(/listening on fastcgi\+unix/)
    expect(taipan.urls).toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^fastcgi:\/\/127\.0\.0\.1:\d+$/),
      `fastcgi+unix:${socket}`,
    ])
    using client = await openFastCgi(taipan.urls[1] ?? '')
    expect(JSON.parse(await ask(client, {}))).toMatchObject({ PATH_INFO: '/' })
    using local = openLocal(socket)
    expect(JSON.parse(await ask(local, { path: '/u' }))).toMatchObject({ PATH_INFO: '/u' })
    const { exitCode } = await taipan.stop()
    expect(exitCode).toBe(0)
    expect(existsSync(socket)).toBe(false)
  })

  test.each([
    ['fastcgi://nowhere', 'expected fastcgi://host:port, fastcgi+unix:PATH or fastcgi+fd:N'],
    ['scgi+fd:1', 'from 3 on, or 0'],
    [
      'fcgi://127.0.0.1:9000',
      'fcgi is not spoken; the protocols are https, http, fastcgi, scgi, uwsgi',
    ],
    ['uwsgi+unix:', 'needs the path of a socket'],
  ])('%s is none', async (address, reason) => {
    const { exitCode, output } = await launchTaipan(['serve', 'x.py', '-b', address]).waitForExit()
    expect(exitCode).toBe(2)
    expect(output).toContain(reason)
  })
})

describe('started with a listening socket as standard input', () => {
  const SPAWN = '/usr/bin/spawn-fcgi'

  test.skipIf(!existsSync(SPAWN))('by spawn-fcgi', async () => {
    using project = createProject({ 'main.py': WSGI })
    const socket = project.path('s.sock')
    const words = ['-n', '-s', socket, '--', COMMAND, 'serve', 'main:app', '--python', PYTHON]
    const child = spawn(SPAWN, words, { cwd: project.folder, stdio: ['ignore', 'pipe', 'pipe'] })
    started.push(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    await pollUntil(() => output.includes('listening on fastcgi+fd:0') || undefined, 'the start')
    expect(output).toContain('standard input is a listening socket, which is --bind fastcgi+fd:0')
    using client = openLocal(socket)
    expect(JSON.parse(await ask(client, { path: '/x' }))).toMatchObject({ PATH_INFO: '/x' })
    child.kill('SIGTERM')
    await pollUntil(() => child.exitCode ?? undefined, 'the end')
    expect(child.exitCode).toBe(0)
  })

  test('a descriptor of another number is named', async () => {
    using project = createProject({ 'main.py': WSGI })
    const socket = createServer().listen(0, '127.0.0.1')
    await once(socket, 'listening')
    const taipan = await startTaipan(
      ['main:app', '--python', PYTHON, '--bind', 'scgi+fd:3', '-p', '1'],
      { cwd: project.folder, socket: readDescriptor(socket) },
    )
    started.push(taipan)
    const address = socket.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    socket.close()
    expect(taipan.url).toBe(`scgi://127.0.0.1:${port}`)
    using connection = await openRaw(taipan.url)
    const variables = ['REQUEST_METHOD', 'GET', 'PATH_INFO', '/x']
    connection.send(formatScgiHead(variables, 0))
    await connection.waitForEnd()
    expect(connection.rest.toString()).toMatch(/^Status: 200 OK\r\n[^]*"PATH_INFO": "\/x"/)
  })

  const createSpawning = (command: string) =>
    createLighttpd(
      ['fastcgi'],
      [
        'fastcgi.server = ("/" => ((',
        `"socket" => server.document-root + "/door.sock", "bin-path" => "${command}",`,
        '"max-procs" => 1, "check-local" => "disable", "fix-root-scriptname" => "enable")))',
      ],
    )

  test.skipIf(findMissing(createSpawning('')) !== undefined)('by lighttpd', async () => {
    using project = createProject({ 'main.py': WSGI })
    const program = project.path('start.sh')
    const words = `serve ${join(project.folder, 'main.py')} --python ${PYTHON}`
    writeFileSync(program, `#!/bin/sh\nexec ${COMMAND} ${words}\n`, { mode: 0o755 })
    const peer = await startPeer(createSpawning(program), { protocol: 'http' })
    onTestFinished(() => peer.stop())
    const answer = await pollUntil(async () => {
      const response = await fetch(`${peer.place.url}/some/path`)
      return response.status === 200 ? await response.text() : undefined
    }, 'an answer')
    expect(JSON.parse(answer)).toMatchObject({ PATH_INFO: '/some/path', FCGI_ROLE: 'RESPONDER' })
  })

  const createHosting = (program: string) =>
    createApache({
      modules: ['fcgid'],
      model: 'prefork',
      lines: [
        'FcgidIPCDir fcgid',
        'FcgidProcessTableFile fcgid_shm',
        'FcgidConnectTimeout 30',
        'FcgidMaxProcesses 1',
        `FcgidWrapper "${program}" virtual`,
        '<Location "/">',
        'SetHandler fcgid-script',
        'Options +ExecCGI',
        'Require all granted',
        '</Location>',
      ],
    })

  test.skipIf(findMissing(createHosting('')) !== undefined)('by mod_fcgid', async () => {
    // Nobody may use the Python of the tests.
    using project = createProject({ 'site/page.txt': 'hello' })
    const program = project.path('start.sh')
    const start = `exec ${process.execPath} ${COMMAND} serve --static /=${project.path('site')}`
    writeFileSync(program, `#!/bin/sh\n${start}\n`, { mode: 0o755 })
    // Its processes are nobody.
    execFileSync('chmod', ['-R', 'a+rwX', project.folder])
    const peer = await startPeer(createHosting(program), { protocol: 'http' })
    onTestFinished(() => peer.stop())
    const response = await fetch(`${peer.place.url}/page.txt`)
    expect([response.status, await response.text()], peer.log).toEqual([200, 'hello'])
    expect(peer.log).toContain('--bind fastcgi+fd:0 here')
  })
})

/** Apache asks it who a client is, by a FastCGI application in the role of an authorizer. */
describe('asked by mod_authnz_fcgi', () => {
  const createAsking = (port: string) =>
    createApache({
      modules: ['authnz_fcgi', 'auth_basic', 'authn_core', 'authz_user', 'headers'],
      lines: [
        `AuthnzFcgiDefineProvider authn Taipan fcgi://127.0.0.1:${port}/`,
        '<Location "/">',
        'AuthType Basic',
        'AuthName "taipan"',
        'AuthBasicProvider Taipan',
        'Require valid-user',
        'Header set X-Team "%{TEAM}e"',
        '</Location>',
      ],
    })

  test.skipIf(findMissing(createAsking('')) !== undefined)('it lets clients in', async () => {
    using project = createProject({ 'main.py': AUTHORIZER })
    const taipan = await serve(project, { bind: 'fastcgi://127.0.0.1:0', app: 'main:app' })
    const peer = await startPeer(createAsking(taipan.url.replace(/.*:/, '')), { protocol: 'http' })
    onTestFinished(() => peer.stop())
    const knock = async (password: string) => {
      const authorization = `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`
      const { status, headers } = await fetch(peer.place.url, { headers: { authorization } })
      return [status, headers.get('x-team')]
    }
    expect(await knock('wrong')).toEqual([401, null])
    expect(await knock('sesame')).toEqual([200, 'red'])
  })
})

/** It miscounts escapes, unless it has no PATH_INFO to count. */
describe('asked by mod_proxy_scgi with PATH_INFO', () => {
  const createCounting = (port: string) =>
    createApache({
      modules: ['proxy', 'proxy_scgi', 'setenvif'],
      lines: [
        'SetEnvIf Request_URI . proxy-scgi-pathinfo=unescape',
        `ProxyPass "/s/" "scgi://127.0.0.1:${port}/s/"`,
      ],
    })

  test.skipIf(findMissing(createCounting('')) !== undefined)('it finds the path', async () => {
    using project = createProject({ 'main.py': WSGI })
    const taipan = await serve(project, { bind: 'scgi://127.0.0.1:0', app: 'main:app' })
    const peer = await startPeer(createCounting(taipan.url.replace(/.*:/, '')), {
      protocol: 'http',
    })
    onTestFinished(() => peer.stop())
    for (const path of ['/s/x/y', '/s/a%20b/c', '/s/caf%C3%A9']) {
      const response = await fetch(peer.place.url + path)
      const seen = JSON.parse(await response.text())
      expect([seen.SCRIPT_NAME, seen.REQUEST_URI]).toEqual(['', path])
      expect(seen.PATH_INFO).toBe(Buffer.from(decodeURIComponent(path)).toString('latin1'))
    }
  })
})

function openLocal(path: string): FastCgiClient {
  return new FastCgiClient(new RawConnection(connect({ path, allowHalfOpen: true })))
}
