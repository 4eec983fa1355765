import { once } from 'node:events'
import { connect } from 'node:net'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Authority } from '../support/authority.ts'
import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { askSecure } from '../support/https-client.ts'
import { createProject, helloApp, type Project } from '../support/project.ts'

let authority: Authority
let project: Project

beforeAll(() => {
  authority = new Authority()
  const { certificate, key } = authority.issue()
  project = createProject({
    'app.py': helloApp('hi'),
    'own.py': `
def application(environ, start_response):
    start_response("200 OK", [("Strict-Transport-Security", "max-age=0")])
    return [b"own"]
`,
    'cert.pem': certificate,
    'key.pem': key,
  })
})

afterAll(() => {
  project[Symbol.dispose]()
  authority.dispose()
})

async function start(config: object): Promise<RunningTaipan> {
  const whole = {
    app: 'app.py',
    bind: ['127.0.0.1:0', 'https://127.0.0.1:0'],
    tls: { certificate: 'cert.pem', key: 'key.pem' },
    ...config,
  }
  project.write('taipan.config.json', JSON.stringify(whole))
  return await startTaipan([], { cwd: project.folder })
}

async function locate(url: string, path: string, host: string): Promise<string> {
  const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk
  })
  socket.write(head)
  await once(socket, 'close')
  expect(answer).toMatch(/^HTTP\/1\.1 308 Permanent Redirect\r\n/)
  return /^Location: (.*)\r$/m.exec(answer)?.[1] ?? ''
}

describe('http.redirect', () => {
  test.each(['daemon', 'embedded'])(
    'leads to the same host and target, with engine %s',
    async (engine) => {
      await using taipan = await start({ http: { redirect: true }, engine })
      const [plain = '', secure = ''] = taipan.urls
      const { port } = new URL(secure)
      expect(await locate(plain, '/a%20b?x=%2F', 'shop.example')).toBe(
        `https://shop.example:${port}/a%20b?x=%2F`,
      )
      expect(await locate(plain, '//evil.example/', 'shop.example:8080')).toBe(
        `https://shop.example:${port}//evil.example/`,
      )
      expect(await locate(plain, '/', '[::1]:80')).toBe(`https://[::1]:${port}/`)
      expect((await askSecure(secure, { ca: authority.certificate })).body).toContain('hi')
      await taipan.waitForOutput(/GET \/a%20b\?x=%2F 308/)
    },
  )

  test('is told to be of no use without an https address', async () => {
    const http = { redirect: true }
    await using taipan = await start({ bind: '127.0.0.1:0', http })
    expect(taipan.output).toMatch(/http\.redirect leads to https, which no address speaks/)
    expect(await locate(taipan.url, '/', 'shop.example')).toBe('https://shop.example/')
  })
})

describe('http.hsts', () => {
  test('is sent with TLS alone', async () => {
    const hsts = { maxAge: '1h', includeSubDomains: true, preload: true }
    await using taipan = await start({ http: { hsts } })
    const [plain = '', secure = ''] = taipan.urls
    expect((await fetch(plain)).headers.has('strict-transport-security')).toBe(false)
    const { head } = await askSecure(secure, { ca: authority.certificate })
    expect(head).toContain(
      '\r\nStrict-Transport-Security: max-age=3600; includeSubDomains; preload\r\n',
    )
  })

  test('is a year by default, and what the application says wins', async () => {
    await using taipan = await start({ bind: 'https://127.0.0.1:0', http: { hsts: {} } })
    const { head } = await askSecure(taipan.url, { ca: authority.certificate })
    expect(head).toContain('\r\nStrict-Transport-Security: max-age=31536000\r\n')
    await taipan.stop()
    await using own = await start({
      app: 'own.py',
      bind: 'https://127.0.0.1:0',
      http: { hsts: {} },
    })
    const answer = await askSecure(own.url, { ca: authority.certificate })
    expect(answer.head.match(/strict-transport-security: .*/gi)).toEqual([
      'Strict-Transport-Security: max-age=0',
    ])
  })
})
