import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { once } from 'node:events'
import { connect as connectPlain, createServer as createPlainServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { Authority, type IssuedPair } from '../support/authority.ts'
import { runTaipan, startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { askSecure, connectSecure } from '../support/https-client.ts'
import { formatBinaryHeader } from '../support/proxy-headers.ts'
import { createProject, helloApp, type Project } from '../support/project.ts'

const run = promisify(execFile)

const WSGI = `
import json
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    kept = {k: v for k, v in environ.items() if k.startswith(("SSL_", "HTTPS", "HTTP_", "wsgi.url", "SERVER_PORT"))}
    return [json.dumps(kept).encode()]
`
const ASGI = `
import json, os
async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": scope["scheme"] + " " + scope["extensions"]["tls"]["client_cert_name"]})
        await send({"type": "websocket.close"})
        return
    assert scope["type"] == "http"
    body = json.dumps({"scheme": scope["scheme"], "pid": os.getpid(), **scope["extensions"]["tls"]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
`
const SCOPE = `
async def application(scope, receive, send):
    assert scope["type"] == "http"
    body = f"{'tls' in scope['extensions']} {scope['client'][0]}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
`

let authority: Authority
let stranger: Authority
let pair: IssuedPair
let other: IssuedPair
let client: IssuedPair

beforeAll(() => {
  authority = new Authority()
  stranger = new Authority('Stranger')
  pair = authority.issue()
  other = authority.issue({ subject: '/CN=second' })
  client = authority.issue({
    subject: '/O=Shop/CN=Ada Müller',
    names: 'email:ada@shop.example',
    serial: 'ABCDEF12',
  })
})

afterAll(() => {
  authority.dispose()
  stranger.dispose()
})

/** A project with the pair in files of its own. */
function createSecureProject(files: Readonly<Record<string, string>>): Project {
  const { certificate, key } = pair
  return createProject({ 'cert.pem': certificate, 'key.pem': key, ...files })
}

function flags(project: Project): string[] {
  return ['--tls-cert', project.path('cert.pem'), '--tls-key', project.path('key.pem')]
}

async function curl(...words: string[]): Promise<string> {
  const { stdout } = await run('curl', ['-s', '--cacert', authority.certificateFile, ...words])
  return stdout
}

function parse(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text)
  return Object(value)
}

async function nameAt(url: string): Promise<string> {
  const socket = await connectSecure(url, { ca: authority.certificate })
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return String(CN)
}

describe('addresses', () => {
  test('with the flag, an address without a scheme speaks https; http:// stays plain', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    const binds = ['-b', '127.0.0.1:0', '-b', 'http://127.0.0.1:0', '-b', '[::1]:0']
    await using taipan = await startTaipan([project.path('app.py'), ...flags(project), ...binds])
    const [first = '', second = '', third = ''] = taipan.urls
    expect(taipan.urls.map((url) => new URL(url).protocol)).toEqual(['https:', 'http:', 'https:'])
    expect(await curl(first.replace('127.0.0.1', 'localhost'))).toBe('hi')
    expect(await curl(second)).toBe('hi')
    expect(await curl('-k', third)).toBe('hi')
    const refused = await curl(first.replace('https:', 'http:'))
    expect(refused).toMatch(/^Bad Request: .*https:\/\//)
  })

  test('with tls in a file, only https:// speaks it', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    project.write(
      'taipan.config.json',
      JSON.stringify({
        app: 'app.py',
        bind: ['127.0.0.1:0', 'https://127.0.0.1:0'],
        tls: { certificate: 'cert.pem', key: 'key.pem' },
      }),
    )
    await using taipan = await startTaipan([], { cwd: project.folder })
    const [plain = '', secure = ''] = taipan.urls
    expect(plain).toMatch(/^http:/)
    expect(await curl(plain)).toBe('hi')
    expect(await curl(secure.replace('127.0.0.1', 'localhost'))).toBe('hi')
  })

  test('names, the oldest version and ciphers of a file are obeyed', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    project.write('other.pem', other.certificate + other.key)
    const tls = {
      certificate: 'cert.pem',
      key: 'key.pem',
      names: { '*.shop.example': { certificate: 'other.pem' } },
      minVersion: 'TLSv1.2',
      ciphers: 'TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384',
    }
    const config = { app: 'app.py', bind: 'https://127.0.0.1:0', tls }
    project.write('taipan.config.json', JSON.stringify(config))
    await using taipan = await startTaipan([], { cwd: project.folder })
    expect(taipan.output).toMatch(/other\.pem: it is not for \*\.shop\.example/)
    const options = { ca: authority.certificate, checkServerIdentity: () => undefined }
    const shop = await connectSecure(taipan.url, { ...options, servername: 'a.shop.example' })
    expect(shop.getPeerCertificate().subject).toMatchObject({ CN: 'second' })
    expect(shop.getCipher().name).toBe('TLS_CHACHA20_POLY1305_SHA256')
    shop.destroy()
    const old = await connectSecure(taipan.url, { ...options, maxVersion: 'TLSv1.2' })
    expect(old.getPeerCertificate().subject).toMatchObject({ CN: 'localhost' })
    expect(old.getCipher().name).toBe('ECDHE-ECDSA-AES256-GCM-SHA384')
    old.destroy()
    await taipan.stop()
    const strict = { ...config, tls: { ...tls, minVersion: 'TLSv1.3' } }
    project.write('taipan.config.json', JSON.stringify(strict))
    await using newer = await startTaipan([], { cwd: project.folder })
    await expect(connectSecure(newer.url, { ...options, maxVersion: 'TLSv1.2' })).rejects.toThrow(
      /version/,
    )
    await newer.stop()
    const wrong = {
      ...config,
      tls: { ...tls, names: { '10.0.0.1': { certificate: 'other.pem' } } },
    }
    project.write('taipan.config.json', JSON.stringify(wrong))
    const { exitCode, stderr } = await runTaipan(['serve'], { cwd: project.folder })
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('is no host name')])
  })

  test('the certificate and its key may be in one file', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    project.write('both.pem', pair.key + pair.certificate)
    const words = ['-b', '127.0.0.1:0', '--tls-cert', project.path('both.pem')]
    await using taipan = await startTaipan([project.path('app.py'), ...words])
    expect(await curl(taipan.url.replace('127.0.0.1', 'localhost'))).toBe('hi')
  })

  test('--dev --tls makes a certificate for localhost', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const words = ['--dev', '--tls', '-b', '127.0.0.1:0']
    await using taipan = await startTaipan([project.path('app.py'), ...words])
    expect(taipan.url).toMatch(/^https:/)
    expect((await askSecure(taipan.url, { rejectUnauthorized: false })).body).toContain('hi')
    const socket = await connectSecure(taipan.url, { rejectUnauthorized: false })
    const { raw } = socket.getPeerCertificate()
    socket.destroy()
    const ca = `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`
    expect((await askSecure(taipan.url, { ca })).body).toContain('hi')
  })
})

describe('what is wrong is told in one sentence, and ends with 2', () => {
  async function fail(words: readonly string[]): Promise<string> {
    const { exitCode, stderr } = await runTaipan(['serve', ...words])
    expect(exitCode).toBe(2)
    return stderr
  }

  test.each<[string, RegExp, () => Partial<Record<'cert.pem' | 'key.pem', string>>]>([
    [
      'another key',
      /key\.pem: it is not the key of the certificate/,
      () => ({ 'key.pem': other.key }),
    ],
    ['exchanged files', /are the two files exchanged\?/, () => ({ 'cert.pem': pair.key })],
    [
      'no key',
      /key\.pem: it has no private key.*but a certificate; give .* with --tls-key/,
      () => ({ 'key.pem': pair.certificate }),
    ],
    [
      'no certificate',
      /cert\.pem: it has no "-----BEGIN CERTIFICATE-----"/,
      () => ({ 'cert.pem': 'x' }),
    ],
    ['DER', /it is not in PEM; convert it/, () => ({ 'cert.pem': '\x30\x82\x01' })],
    [
      'a broken certificate',
      /certificate 1 is broken/,
      () => ({ 'cert.pem': pair.certificate.replace(/^M.*$/m, 'MIIB') }),
    ],
    [
      'a broken key',
      /key\.pem: it is broken/,
      () => ({ 'key.pem': pair.key.replace(/^M.*$/m, 'MIIB') }),
    ],
    [
      'another order',
      /wrong order; that of the key must be the first/,
      () => ({ 'cert.pem': authority.certificate + pair.certificate }),
    ],
  ])('%s', async (_name, message, change) => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    for (const [name, text] of Object.entries(change())) project.write(name, text)
    expect(await fail([project.path('app.py'), ...flags(project)])).toMatch(message)
  })

  test('an encrypted key', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    const words = ['-in', pair.keyFile, '-aes256', '-passout', 'pass:secret']
    await run('openssl', ['pkey', ...words, '-out', project.path('key.pem')])
    const stderr = await fail([project.path('app.py'), ...flags(project)])
    expect(stderr).toMatch(/key\.pem: it is encrypted.*openssl pkey/)
  })

  test('a file that is missing, https without a certificate, and --tls without --dev', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const app = project.path('app.py')
    expect(await fail([app, ...flags(project)])).toMatch(
      /--tls-cert: file .*cert\.pem does not exist/,
    )
    expect(await fail([app, '-b', 'https://127.0.0.1:0'])).toMatch(/https needs a certificate/)
    expect(await fail([app, '--tls'])).toMatch(/--tls: is for development only/)
  })

  test.each([
    [{ certificate: 'cert.pem' }, 'tls.key'],
    [
      { certificate: 'cert.pem', key: 'key.pem', names: { 'a.example': { certificate: 'a.pem' } } },
      'tls.names["a.example"].key',
    ],
  ])('a key that %j lacks is missed where it belongs', async (tls, key) => {
    using project = createSecureProject({ 'app.py': helloApp('hi'), 'a.pem': other.certificate })
    const config = { app: 'app.py', bind: 'https://127.0.0.1:0', tls }
    project.write('taipan.config.json', JSON.stringify(config))
    expect(await fail(['--config', project.path('taipan.config.json')])).toContain(
      `but a certificate; give the file of the key with ${key}\n`,
    )
  })

  test('ciphers that OpenSSL does not know', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    const tls = { certificate: 'cert.pem', key: 'key.pem', ciphers: 'NONSENSE' }
    const config = { app: 'app.py', bind: 'https://127.0.0.1:0', tls }
    project.write('taipan.config.json', JSON.stringify(config))
    expect(await fail(['--config', project.path('taipan.config.json')])).toMatch(
      /tls\.ciphers: OpenSSL knows none of "NONSENSE"/,
    )
  })

  test('taipan check tells it, too', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    const words = ['check', project.path('app.py'), ...flags(project)]
    expect((await runTaipan(words)).exitCode).toBe(0)
    const old = authority.issue({ until: '20210101000000Z' })
    project.write('cert.pem', old.certificate)
    const wrong = await runTaipan(words)
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('not the key of')])
    project.write('key.pem', old.key)
    const expired = await runTaipan(words)
    expect([expired.exitCode, expired.stderr]).toEqual([0, expect.stringContaining('has expired')])
  })

  test('an expired certificate is served with a warning', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    const old = authority.issue({ until: '20210101000000Z' })
    project.write('cert.pem', old.certificate)
    project.write('key.pem', old.key)
    const words = [project.path('app.py'), ...flags(project), '-b', '127.0.0.1:0']
    await using taipan = await startTaipan(words)
    expect(taipan.output).toMatch(/cert\.pem: it has expired \(Jan {2}1 00:00:00 2021 GMT\)/)
    expect(await curl('-k', taipan.url)).toBe('hi')
  })
})

describe('certificates that change', () => {
  test('are served when both files fit, however they are replaced; nobody is dropped', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    const words = [project.path('app.py'), ...flags(project), '-b', '127.0.0.1:0']
    await using taipan = await startTaipan(words)
    const before = await connectSecure(taipan.url, { ca: authority.certificate })
    expect(await nameAt(taipan.url)).toBe('localhost')
    // One after the other: the old pair stays, and that is told once.
    project.write('key.pem', other.key)
    await taipan.waitForOutput(/the certificates before stay in use: key .* is not the key of/)
    expect(await nameAt(taipan.url)).toBe('localhost')
    project.write('cert.pem', other.certificate)
    await expect.poll(() => nameAt(taipan.url)).toBe('second')
    expect(taipan.output.match(/stay in use/g)).toHaveLength(1)
    const third = authority.issue({ subject: '/CN=third' })
    project.write('cert.new', third.certificate)
    project.write('key.new', third.key)
    renameSync(project.path('key.new'), project.path('key.pem'))
    renameSync(project.path('cert.new'), project.path('cert.pem'))
    await expect.poll(() => nameAt(taipan.url)).toBe('third')
    let text = ''
    before.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    before.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await expect.poll(() => text).toContain('hi')
    before.destroy()
  })

  test('behind a link that is swapped', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    for (const [name, { certificate, key }] of Object.entries({ one: pair, two: other })) {
      mkdirSync(project.path(name))
      project.write(`${name}/cert.pem`, certificate)
      project.write(`${name}/key.pem`, key)
    }
    symlinkSync('one', project.path('live'))
    const files = [
      '--tls-cert',
      project.path('live/cert.pem'),
      '--tls-key',
      project.path('live/key.pem'),
    ]
    const words = [project.path('app.py'), ...files, '-b', '127.0.0.1:0']
    await using taipan = await startTaipan(words)
    expect(await nameAt(taipan.url)).toBe('localhost')
    symlinkSync('two', project.path('next'))
    renameSync(project.path('next'), project.path('live'))
    await expect.poll(() => nameAt(taipan.url)).toBe('second')
    expect(taipan.output).not.toContain('stay in use')
  })
})

describe('applications', () => {
  function writeConfig(project: Project, more: object): void {
    const tls = {
      certificate: 'cert.pem',
      key: 'key.pem',
      ca: authority.certificateFile,
      clientCertificate: 'request',
    }
    const config = { app: 'app.py', bind: 'https://127.0.0.1:0', tls, ...more }
    project.write('taipan.config.json', JSON.stringify(config))
  }

  test('WSGI has the variables of mod_ssl, and never from fields', async () => {
    using project = createSecureProject({ 'app.py': WSGI })
    writeConfig(project, {})
    await using taipan = await startTaipan([], { cwd: project.folder })
    const { certificate: cert, key } = client
    const ca = authority.certificate
    const lines = 'SSL-Client-Verify: SUCCESS\r\nSSL_CLIENT_VERIFY: SUCCESS\r\nHTTPS: off\r\n'
    const plain = await askSecure(taipan.url, { ca }, lines)
    expect(plain.body).toContain('"SSL_CLIENT_VERIFY": "NONE"')
    expect(plain.body).not.toContain('"SSL_CLIENT_VERIFY": "SUCCESS"')
    const first = await askSecure(taipan.url, { ca, cert, key })
    const chunk = first.body.slice(first.body.indexOf('{'), first.body.lastIndexOf('}') + 1)
    expect(parse(chunk)).toMatchObject({
      HTTPS: 'on',
      'wsgi.url_scheme': 'https',
      SSL_PROTOCOL: 'TLSv1.3',
      SSL_CIPHER: 'TLS_AES_256_GCM_SHA384',
      SSL_TLS_SNI: 'localhost',
      SSL_CLIENT_VERIFY: 'SUCCESS',
      SSL_CLIENT_S_DN: String.raw`CN=Ada M\C3\BCller,O=Shop`,
      SSL_CLIENT_S_DN_CN: Buffer.from('Ada Müller').toString('latin1'),
      SSL_CLIENT_I_DN: 'CN=Test Authority,O=Taipan',
      SSL_CLIENT_M_SERIAL: 'ABCDEF12',
      SSL_CLIENT_V_START: 'Jan  1 00:00:00 2020 GMT',
      SSL_CLIENT_V_END: 'Jan  1 00:00:00 2049 GMT',
      SSL_CLIENT_CERT: expect.stringContaining('-----BEGIN CERTIFICATE-----\n') as unknown,
      SSL_SERVER_S_DN_CN: 'localhost',
      SSL_SERVER_CERT: pair.certificate,
      SSL_SESSION_ID: expect.stringMatching(/^[\da-f]{64}$/) as unknown,
    })
    const { session } = first
    const again = await askSecure(taipan.url, { ca, cert, key, session })
    expect(again.body).toMatch(/"SSL_SESSION_ID": "[\da-f]{64}"/)
    expect(again.body).toContain('"SSL_SESSION_RESUMED": "Resumed"')
    expect(again.body).toContain('"SSL_CLIENT_VERIFY": "SUCCESS"')
    expect(again.body).toContain('"SSL_CLIENT_M_SERIAL": "ABCDEF12"')
    const strange = stranger.issue({ subject: '/O=Shop/CN=Ada Müller' })
    const forged = { cert: strange.certificate, key: strange.key }
    expect((await askSecure(taipan.url, { ca, ...forged })).body).toMatch(
      /"SSL_CLIENT_VERIFY": "FAILED:UNABLE_TO/,
    )
  })

  test('the certificate of a trusted proxy is not that of its client', async () => {
    using project = createSecureProject({ 'app.py': WSGI, 'scope.py': SCOPE })
    writeConfig(project, {
      app: undefined,
      apps: { app: { target: 'app.py' }, scope: { target: 'scope.py' } },
      routes: [
        { path: '/', app: 'app' },
        { path: '/scope', app: 'scope' },
      ],
      proxies: { trust: ['loopback'] },
    })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const files = ['--cert', client.certificateFile, '--key', client.keyFile]
    const url = taipan.url.replace('127.0.0.1', 'localhost')
    expect(parse(await curl(...files, url))).toHaveProperty('SSL_CLIENT_S_DN_CN')
    expect(await curl(...files, `${url}/scope`)).toBe('True 127.0.0.1')
    const forwarded = [...files, '-H', 'X-Forwarded-For: 203.0.113.7']
    const environ = parse(await curl(...forwarded, url))
    expect(environ).toMatchObject({ HTTPS: 'on', HTTP_X_FORWARDED_FOR: '203.0.113.7' })
    expect(Object.keys(environ).filter((name) => name.startsWith('SSL_'))).toEqual([])
    expect(await curl(...forwarded, `${url}/scope`)).toBe('False 203.0.113.7')
    const plain = parse(await curl(...files, '-H', 'X-Forwarded-Proto: http', url))
    expect(plain).not.toHaveProperty('SSL_CLIENT_VERIFY')
  })

  test.each(['daemon', 'embedded'])(
    'ASGI has the extension tls, with engine %s',
    async (engine) => {
      using project = createSecureProject({ 'app.py': ASGI })
      writeConfig(project, { engine, processes: 2 })
      await using taipan = await startTaipan([], { cwd: project.folder })
      const files = ['--cert', client.certificateFile, '--key', client.keyFile]
      const url = taipan.url.replace('127.0.0.1', 'localhost')
      const whole = parse(await curl(...files, '--tls-max', '1.2', url))
      expect(whole).toMatchObject({
        scheme: 'https',
        server_cert: readFileSync(pair.certificateFile, 'utf8'),
        client_cert_name: 'CN=Ada Müller,O=Shop',
        client_cert_error: null,
        tls_version: 0x03_03,
        cipher_suite: 0xc0_2b,
      })
      // curl adds the authority that it knows.
      const [own] = Object.values(Object(whole['client_cert_chain']))
      expect(own).toBe(readFileSync(client.certificateFile, 'utf8'))
      expect(parse(await curl(url))).toMatchObject({
        client_cert_chain: [],
        client_cert_name: null,
        client_cert_error: null,
        tls_version: 0x03_04,
        cipher_suite: 0x13_02,
      })
      const strange = stranger.issue()
      const wrong = ['--cert', strange.certificateFile, '--key', strange.keyFile]
      expect(parse(await curl(...wrong, url))).toMatchObject({
        client_cert_name: 'CN=localhost',
        client_cert_error: expect.stringMatching(/^UNABLE_TO/) as unknown,
      })
    },
  )

  test('replicas resume the sessions of each other, and get new certificates', async () => {
    using project = createSecureProject({ 'app.py': ASGI })
    writeConfig(project, { engine: 'embedded', processes: 2 })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const { certificate: cert, key } = client
    const options = { ca: authority.certificate, cert, key }
    const pids = new Set<unknown>()
    let { session } = await askSecure(taipan.url, options)
    const ends = Date.now() + DEADLINE
    // Each connection goes to whichever replica wakes first.
    while (pids.size < 2 && Date.now() < ends) {
      const socket = await connectSecure(taipan.url, { ...options, session })
      expect(socket.isSessionReused()).toBe(true)
      socket.destroy()
      const answers = await Promise.all(
        [1, 2, 3, 4].map(() => askSecure(taipan.url, { ...options, session })),
      )
      for (const { body } of answers) pids.add(/"pid": (\d+)/.exec(body)?.[1])
      session = answers[0]?.session
      for (const { body } of answers) expect(body).toContain('CN=Ada M')
    }
    expect(pids.size).toBe(2)
    project.write('cert.pem', other.certificate)
    project.write('key.pem', other.key)
    await expect
      .poll(async () => {
        const names = [1, 2, 3, 4, 5, 6].map(() => nameAt(taipan.url))
        return [...new Set(await Promise.all(names))]
      })
      .toEqual(['second'])
  })

  test('WebSockets come by wss', async () => {
    using project = createSecureProject({ 'app.py': ASGI })
    writeConfig(project, {})
    await using taipan = await startTaipan([], { cwd: project.folder })
    const { WebSocket } = await import('ws')
    const { certificate: cert, key } = client
    const options = { ca: authority.certificate, cert, key }
    const socket = new WebSocket(taipan.url.replace('https', 'wss'), options)
    const text = await new Promise((resolve, reject) => {
      socket.on('message', (data: Buffer) => resolve(data.toString()))
      socket.on('error', reject)
    })
    expect(text).toBe('wss CN=Ada Müller,O=Shop')
  })

  test('a required certificate keeps others out', async () => {
    using project = createSecureProject({ 'app.py': helloApp('hi') })
    writeConfig(project, {
      tls: {
        certificate: 'cert.pem',
        key: 'key.pem',
        ca: authority.certificateFile,
        clientCertificate: 'require',
      },
    })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const url = taipan.url.replace('127.0.0.1', 'localhost')
    await expect(curl(url)).rejects.toThrow(/Command failed/)
    expect(await findAlert(taipan.url, 'TLSv1.2')).toMatch(/ALERT_HANDSHAKE_FAILURE$/)
    expect(await findAlert(taipan.url, 'TLSv1.3')).toMatch(/ALERT_CERTIFICATE_REQUIRED$/)
    const files = ['--cert', client.certificateFile, '--key', client.keyFile]
    expect(await curl(...files, url)).toBe('hi')
  })
})

test.skipIf(process.getuid?.() === 0)('a key that may not be read is named', async () => {
  using project = createSecureProject({ 'app.py': helloApp('hi') })
  chmodSync(project.path('key.pem'), 0)
  const { exitCode, stderr } = await runTaipan(['serve', project.path('app.py'), ...flags(project)])
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/key\.pem: this user may not read it/)
})

/** The code of the error by which a handshake without a certificate ends. */
async function findAlert(url: string, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  const options = { ca: authority.certificate, servername: 'localhost', maxVersion }
  const socket = connectTls({ ...options, host: '127.0.0.1', port: Number(new URL(url).port) })
  const [error]: unknown[] = await once(socket, 'error', { signal: AbortSignal.timeout(DEADLINE) })
  return String(Reflect.get(Object(error), 'code'))
}

describe('a binary PROXY header stands before TLS and HTTP/2', () => {
  async function openRelay(url: string): Promise<string> {
    const { port } = new URL(url)
    const relay = createPlainServer((client) => {
      const carrier = connectPlain(Number(port), '127.0.0.1')
      carrier.write(formatBinaryHeader())
      for (const [from, to] of [
        [client, carrier],
        [carrier, client],
      ] as const)
        from
          .on('error', () => to.destroy())
          .on('close', () => to.destroy())
          .pipe(to)
    })
    relay.listen(0, '127.0.0.1')
    await once(relay, 'listening')
    onTestFinished(() => void relay.close())
    const address = relay.address()
    return `https://localhost:${typeof address === 'object' ? address?.port : ''}/`
  }

  test.each([
    ['203.0.113.0/24', '198.51.100.9'],
    ['loopback', '203.0.113.7'],
  ])('and its source is who must be trusted: %s', async (trusted, client) => {
    using project = createSecureProject({
      'app.py': `
def application(environ, start_response):
    start_response("200 OK", [])
    return [" ".join(environ[key] for key in ("SERVER_PROTOCOL", "HTTPS", "REMOTE_ADDR")).encode()]
`,
    })
    const bind = ['-b', 'https://127.0.0.1:0?proxyProtocol=on', '--trust-proxy', trusted]
    await using taipan = await startTaipan([project.path('app.py'), ...flags(project), ...bind])
    const url = await openRelay(taipan.url)
    const field = 'X-Forwarded-For: 198.51.100.9'
    expect(await curl('--http2', '-H', field, url)).toBe(`HTTP/2.0 on ${client}`)
    expect(await curl('--http1.1', '-H', field, url)).toBe(`HTTP/1.1 on ${client}`)
    const { stdout } = await run('nghttp', ['-H', field, url])
    expect(stdout).toContain(`HTTP/2.0 on ${client}`)
  })
})

test('a PROXY header stands before the handshake', async () => {
  using project = createSecureProject({
    'app.py': `
def application(environ, start_response):
    start_response("200 OK", [])
    return [(environ["REMOTE_ADDR"] + " " + environ["REMOTE_PORT"] + " " + environ["wsgi.url_scheme"]).encode()]
`,
  })
  const bind = ['-b', 'https://127.0.0.1:0?proxyProtocol=on']
  await using taipan = await startTaipan([project.path('app.py'), ...flags(project), ...bind])
  const { port } = new URL(taipan.url)
  for (const inOnePiece of [true, false]) {
    const carrier = connectPlain(Number(port), '127.0.0.1')
    const header = 'PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\r\n'
    if (inOnePiece) carrier.cork()
    carrier.write(header)
    if (!inOnePiece) await new Promise((resolve) => setTimeout(resolve, 100))
    const options = { socket: carrier, ca: authority.certificate, servername: 'localhost' }
    const socket = connectTls(options)
    if (inOnePiece) process.nextTick(() => carrier.uncork())
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await once(socket, 'close')
    expect(text).toContain('203.0.113.7 5555 https')
  }
})
