import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

import { chromium } from 'playwright-core'
import { describe, expect, test } from 'vitest'

import { createCertificate } from '../support/certificate.ts'
import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'

const run = promisify(execFile)
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))

const APP = `
import hashlib
def application(environ, start_response):
    body = environ["wsgi.input"].read()
    facts = [environ["SERVER_PROTOCOL"], environ["wsgi.url_scheme"], environ["REQUEST_METHOD"], str(len(body)), hashlib.md5(body).hexdigest()]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(facts).encode()]
`
const SOCKETS = `
async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await receive()
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": f'{event["text"]} by {scope["http_version"]}'})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<h1>" + scope["http_version"].encode() + b"</h1>"})
    else:
        raise NotImplementedError
`
const EMPTY = 'd41d8cd98f00b204e9800998ecf8427e'
// nghttp and h2load are in one package.
const hasNghttp = existsSync('/usr/bin/nghttp') && existsSync('/usr/bin/h2load')

async function serve(project: Project, args: readonly string[] = []): Promise<RunningTaipan> {
  return await startTaipan(['app.py', '-b', '127.0.0.1:0', ...args], { cwd: project.folder })
}

async function curl(...args: readonly string[]): Promise<string> {
  return (await run('curl', ['-sS', '--max-time', '30', ...args])).stdout
}

function secure(project: Project): string[] {
  const { cert, key } = createCertificate()
  project.write('cert.pem', cert)
  project.write('key.pem', key)
  return ['--tls-cert', project.path('cert.pem'), '--tls-key', project.path('key.pem')]
}

describe('without TLS', () => {
  test('curl speaks both versions at one address', async () => {
    using project = createProject({ 'app.py': APP })
    await using taipan = await serve(project)
    project.write('body', 'x'.repeat(3_000_000))
    const url = `${taipan.url}/a`
    const h2 = '--http2-prior-knowledge'
    expect(await curl(h2, url)).toBe(`HTTP/2.0 http GET 0 ${EMPTY}`)
    expect(await curl(url)).toBe(`HTTP/1.1 http GET 0 ${EMPTY}`)
    const sent = await curl(h2, '--data-binary', `@${project.path('body')}`, url)
    expect(sent).toMatch(/^HTTP\/2\.0 http POST 3000000 /)
    expect(await curl(h2, '-I', url)).toContain('HTTP/2 200')
  })

  test('the option turns it off', async () => {
    using project = createProject({
      'app.py': APP,
      'taipan.config.json': '{"app": "app.py", "bind": "127.0.0.1:0", "http": {"http2": false}}',
    })
    await using taipan = await startTaipan([], { cwd: project.folder })
    await expect(curl('--http2-prior-knowledge', taipan.url)).rejects.toThrow('curl')
    expect(await curl(taipan.url)).toContain('HTTP/1.1')
  })

  test.skipIf(!hasNghttp)('nghttp and h2load are served', async () => {
    using project = createProject({ 'app.py': APP })
    await using taipan = await serve(project)
    project.write('body', 'x'.repeat(300_000))
    const { stdout } = await run('nghttp', ['-d', project.path('body'), `${taipan.url}/`])
    expect(stdout).toMatch(/^HTTP\/2\.0 http POST 300000 /)
    const load = await run('h2load', ['-n', '3000', '-c', '4', '-m', '50', `${taipan.url}/`])
    expect(load.stdout).toContain('3000 2xx, 0 3xx, 0 4xx, 0 5xx')
  })

  test('a stop lets requests end, and clients hear of it', async () => {
    using project = createProject({
      'app.py': APP.replace('    body =', '    import time; time.sleep(0.5)\n    body ='),
    })
    await using taipan = await serve(project)
    const answer = curl('--http2-prior-knowledge', `${taipan.url}/slow`)
    await new Promise((resolve) => {
      setTimeout(resolve, 200)
    })
    const stopped = taipan.stop()
    expect(await answer).toContain('HTTP/2.0')
    expect((await stopped).exitCode).toBe(0)
  })
})

describe('with TLS', () => {
  test('the version is agreed upon by ALPN', async () => {
    using project = createProject({ 'app.py': APP })
    await using taipan = await serve(project, secure(project))
    expect(taipan.url).toMatch(/^https:/)
    const agreed = ['-k', '-w', ' %{http_version}']
    expect(await curl(...agreed, '--http2', taipan.url)).toBe(`HTTP/2.0 https GET 0 ${EMPTY} 2`)
    const old = await curl(...agreed, '--http1.1', taipan.url)
    expect(old).toBe(`HTTP/1.1 https GET 0 ${EMPTY} 1.1`)
  })

  test('the option turns it off', async () => {
    using project = createProject({ 'app.py': APP })
    const [, cert, , key] = secure(project)
    const config = {
      app: 'app.py',
      bind: 'https://127.0.0.1:0',
      tls: { certificate: cert, key },
      http: { http2: false },
    }
    project.write('taipan.config.json', JSON.stringify(config))
    await using taipan = await startTaipan([], { cwd: project.folder })
    expect(await curl('-k', '--http2', taipan.url)).toContain('HTTP/1.1 https')
  })

  test.skipIf(!hasNghttp)('h2load is served', async () => {
    using project = createProject({ 'app.py': APP })
    await using taipan = await serve(project, secure(project))
    const load = await run('h2load', ['-n', '1000', '-c', '4', '-m', '20', `${taipan.url}/`])
    expect(load.stdout).toContain('1000 2xx, 0 3xx, 0 4xx, 0 5xx')
  })

  test.skipIf(CHROMIUM === undefined)('Chromium gets pages and WebSockets', async () => {
    using project = createProject({ 'app.py': SOCKETS })
    await using taipan = await serve(project, secure(project))
    const browser = await chromium.launch({
      executablePath: CHROMIUM ?? '',
      args: ['--no-sandbox', '--ignore-certificate-errors'],
      env: { PATH: '/usr/bin:/bin', HOME: project.folder, TMPDIR: project.folder },
    })
    try {
      const page = await browser.newPage({ ignoreHTTPSErrors: true })
      await page.goto(taipan.url)
      expect(await page.textContent('h1')).toBe('2')
      const url = `${taipan.url.replace('https', 'wss')}/socket`
      const text = await page.evaluate(
        (address) =>
          new Promise<string>((resolve) => {
            const socket = new WebSocket(address)
            socket.addEventListener('open', () => socket.send('hello'))
            socket.addEventListener('message', ({ data }) => resolve(String(data)))
            socket.addEventListener('error', () => resolve('failed'))
          }),
        url,
      )
      expect(text).toBe('hello by 2')
    } finally {
      await browser.close()
    }
  })
})
