import { writeFile } from 'node:fs/promises'
import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { bytesOf, sha256 } from './support/bytes.ts'
import { ENGINES } from './support/engines.ts'
import { makeFolder } from './support/folder.ts'
import { run, runPython } from './support/run.ts'
import { SITES, startSite, type Site } from './support/site.ts'

const bytes = bytesOf(2_500_000, 23)

interface Answer {
  readonly status: number
  readonly fields: IncomingMessage['headers']
  readonly body: Buffer
}

describe('clients that people use', () => {
  let site: Site
  let file: string

  beforeAll(async () => {
    file = join(await makeFolder(), 'file.bin')
    await writeFile(file, bytes)
    site = await startSite({ args: [`${join(SITES, 'flask/app.py')}:app`] })
  })
  afterAll(async () => {
    await site.stop()
  })

  describe('curl', () => {
    const curl = async (path: string, ...args: string[]): Promise<string> =>
      await run('curl', ['--silent', '--show-error', ...args, new URL(path, site.url).href])
    const digest = { size: bytes.length, sha256: sha256(bytes) }

    test('uploads after 100 Continue', async () => {
      const shown = await curl('/body', '-H', 'Expect: 100-continue', '-T', file, '--include')
      expect(shown).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
      expect(JSON.parse(shown.slice(shown.lastIndexOf('\r\n\r\n')))).toEqual(digest)
    })

    test('uploads in chunks', async () => {
      const shown = await curl('/body', '-H', 'Transfer-Encoding: chunked', '-T', file)
      expect(JSON.parse(shown)).toEqual(digest)
    })

    test('sends a form with a file', async () => {
      const shown = await curl('/upload', '-F', 'comment=näh', '-F', `file=@${file}`)
      expect(JSON.parse(shown)).toEqual({ comment: 'näh', filename: 'file.bin', ...digest })
    })

    test('speaks HTTP/1.0 and gets no chunks', async () => {
      const shown = await curl('/stream', '--http1.0', '--include')
      const [head = '', body = ''] = shown.split('\r\n\r\n')
      expect(head).toMatch(/^HTTP\/1\.[01] 200 OK\r\n/)
      expect(head).not.toMatch(/^transfer-encoding:/im)
      expect(body).toBe(Array.from({ length: 100 }, (_, at) => `line ${at}\n`).join(''))
    })

    test('asks for the head only', async () => {
      const shown = await curl('/hello?name=you', '--head')
      expect(shown).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      expect(shown).toMatch(/^content-length: 11\r$/im)
    })

    test('asks twice over one connection', async () => {
      const shown = await curl(
        '/hello?name=one',
        new URL('/hello?name=two', site.url).href,
        '--write-out',
        ' %{num_connects}\\n',
      )
      expect(shown).toBe('Hello, two! 1\nHello, one! 0\n')
    })
  })

  describe('the client of the Python standard library', () => {
    test('asks many times over one connection', async () => {
      const { hostname, port } = new URL(site.url)
      const program = `
import http.client, json, sys
connection = http.client.HTTPConnection(${JSON.stringify(hostname)}, ${port})
seen = set()
for number in range(20):
    connection.request("POST", "/form", f"number={number}",
                       {"Content-Type": "application/x-www-form-urlencoded"})
    response = connection.getresponse()
    assert response.status == 200, response.status
    assert json.loads(response.read()) == {"number": str(number)}
    seen.add(id(connection.sock))
connection.request("PUT", "/body", iter([b"x" * 70000, b"y" * 70000]), encode_chunked=True,
                   headers={"Transfer-Encoding": "chunked"})
print(len(seen), json.loads(connection.getresponse().read())["size"])
`
      expect((await runPython(['-c', program])).trim()).toBe('1 140000')
    })
  })

  describe('node:http', () => {
    const send = async (
      options: RequestOptions,
      ...pieces: readonly Uint8Array[]
    ): Promise<Answer> =>
      await new Promise((resolve, reject) => {
        const { hostname, port } = new URL(site.url)
        const call = request({ hostname, port, ...options })
        call.on('error', reject)
        call.on('response', (response) => {
          const received: Buffer[] = []
          response.on('error', reject)
          response.on('data', (piece: Buffer) => received.push(piece))
          response.on('end', () => {
            const { statusCode: status = 0, headers: fields } = response
            resolve({ status, fields, body: Buffer.concat(received) })
          })
        })
        for (const piece of pieces) call.write(piece)
        call.end()
      })

    test('keeps one connection through an agent', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const names = Array.from({ length: 20 }, (_, at) => `v${at}`)
      const answers = await Promise.all(
        names.map(async (name) => await send({ agent, path: `/hello?name=${name}` })),
      )
      expect(answers.map((answer) => answer.body.toString())).toEqual(
        names.map((name) => `Hello, ${name}!`),
      )
      agent.destroy()
    })

    test('sends a body with GET, which is read or dropped and never the next request', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const headers = { 'content-length': bytes.length }
      const first = await send({ agent, path: '/hello?name=first', headers }, bytes)
      expect(first.body.toString()).toBe('Hello, first!')
      const second = await send({ agent, path: '/hello?name=second' })
      expect(second.body.toString()).toBe('Hello, second!')
      agent.destroy()
    })

    test('sends chunks with trailers', async () => {
      const { hostname, port } = new URL(site.url)
      const answer = await new Promise<string>((resolve, reject) => {
        const headers = { 'transfer-encoding': 'chunked', trailer: 'x-checksum' }
        const call = request({ hostname, port, method: 'PUT', path: '/body', headers })
        call.on('error', reject)
        call.on('response', (response) => {
          response.setEncoding('utf8').on('data', (text: string) => resolve(text))
        })
        call.write('one ')
        call.write('two')
        call.addTrailers({ 'x-checksum': '1' })
        call.end()
      })
      expect(JSON.parse(answer)).toEqual({ size: 7, sha256: sha256('one two') })
    })

    test('gets every cookie field of its own', async () => {
      const answer = await send({ path: '/cookies/set' })
      expect(answer.fields['set-cookie']).toEqual([
        'first=1; Path=/',
        'second=two; HttpOnly; Path=/',
      ])
    })
  })
})

describe.each(ENGINES)('clients of asynchronous applications (%s)', (engine) => {
  let site: Site

  beforeAll(async () => {
    site = await startSite({
      args: [`${join(SITES, 'fastapi/app.py')}:app`, '--mount', '/site'],
      use: { engine },
    })
  })
  afterAll(async () => {
    await site.stop()
  })

  test.each(['httpx', 'requests', 'websockets', 'aiohttp'])('%s', async (name) => {
    const program = join(ROOT, `test/fixtures/programs/clients/${name}_talk.py`)
    expect((await runPython([program, `${site.url}/site`])).trim()).toBe('all is well')
  })
})
