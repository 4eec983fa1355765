import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { CgiUpstream, type CgiOptions } from '../../src/upstreams/cgi/cgi-upstream.ts'
import { createInvoke } from '../../src/pipeline/application.ts'
import { createGatherer } from '../../src/pipeline/gather.ts'
import { LocalRedirects } from '../../src/pipeline/local-redirect.ts'
import { createProgramsAnswerer } from '../../src/pipeline/scripts/programs.ts'
import { servePipeline } from '../pipeline/support/serve.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'

const PROGRAMS = {
  hello: '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nhello"\n',
  env: '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"\nenv\ncat\n',
  'nph-raw': '#!/bin/sh\nprintf "HTTP/1.0 299 Fine\\nX-A: b\\n\\nraw"\n',
  local: '#!/bin/sh\nprintf "Location: /hello\\n\\n"\n',
  loop: '#!/bin/sh\nprintf "Location: /loop\\n\\n"\n',
  body: '#!/bin/sh\nprintf "Location: /hello\\n\\nwith a body"\n',
  wrong: '#!/bin/sh\necho wrong; echo "to the log" >&2\n',
  words:
    '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"\nfor one; do printf "[%s]" "$one"; done\n',
  leaves: '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nwhole"\nsleep 600 &\n',
  nothing: '#!/bin/sh\n',
  windows: '#!/bin/sh\r\necho\r\n',
  elsewhere: '#!/no/such/shell -x\n',
  silent: '#!/bin/sh\nexec sleep 60\n',
  gate: '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nbegun"\ntouch reached\nwhile [ ! -e open ]; do sleep 0.05; done\nprintf " done"\n',
  endless: `#!/bin/sh
trap 'touch stopped; exit' TERM
printf "Content-Type: text/plain\\n\\n"
while :; do echo 0123456789012345678901234567890123456789; done
`,
}

async function serve(options: Partial<CgiOptions> = {}) {
  const project = createProject({ ...PROGRAMS, forbidden: '#!/bin/sh\n' })
  for (const name of Object.keys(PROGRAMS)) chmodSync(join(project.folder, name), 0o755)
  const records: string[] = []
  const keep = (_facts: object, text: string): void => void records.push(text)
  const redirects = new LocalRedirects({ error: keep })
  const upstream = new CgiUpstream({
    processes: 2,
    queueLimit: 1,
    timeout: 0,
    shutdownTimeout: 0,
    gathered: 1024,
    queryArguments: false,
    serverSoftware: 'taipan/test',
    environment: { PATH: process.env['PATH'] ?? '', MINE: 'yes' },
    logger: { debug: keep, output: keep, info: keep, warn: keep, error: keep },
    onLocalRedirect: (exchange, target) => redirects.follow(exchange, target),
    ...options,
  })
  await upstream.start()
  const gatherer = createGatherer({ requestTotal: 1_000_000 })
  const invoke = createInvoke({ upstream, gatherer })
  const answer = createProgramsAnswerer({ root: project.folder, invoke })
  const served = await servePipeline({ routes: [{ path: '/', answer }], redirects })
  return {
    url: served.url,
    upstream,
    records,
    path: (name: string) => join(project.folder, name),
    async get(target: string) {
      const { status, text } = await fetchRaw(served.url, { target })
      return `${status} ${text}`
    },
    async [Symbol.asyncDispose]() {
      await upstream.stop()
      await served[Symbol.asyncDispose]()
      project[Symbol.dispose]()
    },
  }
}

describe('CGI programs', () => {
  test('answer with what they print', async () => {
    await using lab = await serve()
    expect(await lab.get('/hello')).toBe('200 hello')
    expect(await lab.get('/nph-raw')).toBe('299 raw')
    expect(await lab.get('/local')).toBe('200 hello')
    expect(await lab.get('/body')).toBe('302 with a body')
    expect(await lab.get('/loop')).toBe('500 Internal Server Error\n')
    expect(await lab.get('/wrong')).toBe('502 Bad Gateway\n')
    expect(await lab.get('/nothing')).toBe('502 Bad Gateway\n')
    expect(await lab.get('/forbidden')).toBe('403 Forbidden\n')
    expect(await lab.get('/none')).toBe('404 Not Found\n')
    await pollUntil(() => lab.records.includes('to the log') || undefined, 'the record')
    expect(lab.records.join('\n')).toMatch(/printed "wrong" among its header lines/)
    const { running, finished, failed } = lab.upstream.statistics
    expect([running, finished, failed]).toEqual([0, 19, 3])
  })

  test('have answered when they end, whatever they have left running', async () => {
    await using lab = await serve()
    expect(await lab.get('/leaves')).toBe('200 whole')
    await pollUntil(() => lab.upstream.statistics.running === 0 || undefined, 'the end')
    expect(lab.upstream.statistics.failed).toBe(0)
  })

  test('that cannot be started are told of with the way out', async () => {
    await using lab = await serve()
    expect(await lab.get('/windows')).toBe('502 Bad Gateway\n')
    expect(await lab.get('/elsewhere')).toBe('502 Bad Gateway\n')
    expect(await lab.get('/forbidden')).toBe('403 Forbidden\n')
    const records = lab.records.join('\n')
    expect(records).toContain(
      'its first line names "/bin/sh\\r", which does not exist; end its lines',
    )
    expect(records).toContain('its first line names "/no/such/shell", which does not exist')
    expect(records).toContain('is not executable; chmod +x makes it so')
  })

  test('get the words of a query as arguments where that is wanted', async () => {
    await using usual = await serve()
    expect(await usual.get('/words?a+b')).toBe('200 ')
    await using lab = await serve({ queryArguments: true })
    expect(await lab.get('/words?a+b%20c+%3D+caf%C3%A9+')).toBe('200 [a][b c][=][cafÃ©][]')
    for (const query of ['', '?', '?a=b+c', '?a+%00']) {
      expect(await lab.get(`/words${query}`)).toBe('200 ')
    }
    const post = await fetchRaw(lab.url, { target: '/words?a', method: 'POST', body: '' })
    expect(post.text).toBe('')
  })

  test('get the variables of CGI, their own, and the body', async () => {
    await using lab = await serve()
    const { text } = await fetchRaw(lab.url, {
      target: '/env/caf%C3%A9?q',
      method: 'POST',
      body: 'whole body',
      headers: [['Authorization', 'x']],
    })
    const lines = text.split('\n')
    for (const line of ['PATH_INFO=/café', 'QUERY_STRING=q', 'CONTENT_LENGTH=10', 'MINE=yes'])
      expect(Buffer.from(lines.join('\n'), 'latin1').toString() + text).toContain(line)
    expect(lines.at(-1)).toBe('whole body')
    expect(text).not.toContain('AUTHORIZATION')
    const named = async (host: string) => {
      const { text } = await fetchRaw(lab.url, { target: '/env', headers: [['Host', host]] })
      return /^SERVER_NAME=(.*)$/m.exec(text)?.[1] + ' ' + /^SERVER_PORT=(.*)$/m.exec(text)?.[1]
    }
    expect(await named('shop.test')).toBe('shop.test 80')
    expect(await named('[::1]:8000')).toBe('[::1] 8000')
    expect(await named('')).toMatch(/^127\.0\.0\.1 \d+$/)
    const chunked = 'POST /env HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    const connection = await openRaw(lab.url)
    connection.send(`${chunked}800\r\n${'x'.repeat(2048)}\r\n`)
    expect((await connection.readResponse()).status).toBe(411)
    connection.destroy()
  })

  test('run at most so many at a time, and wait in a bounded queue', async () => {
    await using lab = await serve({ processes: 1 })
    const first = lab.get('/gate')
    await pollUntil(() => existsSync(lab.path('reached')) || undefined, 'the first')
    const second = lab.get('/hello')
    await pollUntil(() => lab.upstream.statistics.waiting === 1 || undefined, 'the second')
    expect(lab.upstream.capacity).toEqual({ idle: 0, total: 1 })
    expect(await lab.get('/hello')).toBe('503 Service Unavailable\n')
    writeFileSync(lab.path('open'), '')
    expect([await first, await second]).toEqual(['200 begun done', '200 hello'])
  })

  test('are not started with a NUL in a variable, also after a wait', async () => {
    await using lab = await serve({ processes: 1, queueLimit: 8 })
    const first = lab.get('/gate')
    await pollUntil(() => existsSync(lab.path('reached')) || undefined, 'the first')
    const targets = ['/env/a%00b', '/env/b%00', '/hello']
    const waiting = targets.map((target) => lab.get(target))
    await pollUntil(() => lab.upstream.statistics.waiting === 3 || undefined, 'the others')
    writeFileSync(lab.path('open'), '')
    expect(await first).toBe('200 begun done')
    const refused = '400 Bad Request\n'
    expect(await Promise.all(waiting)).toEqual([refused, refused, '200 hello'])
  })

  test('are not started with more variables than the system takes', async () => {
    await using lab = await serve({ environment: { LARGE: 'x'.repeat(200_000) } })
    expect(await lab.get('/hello')).toMatch(/^431 /)
    expect(lab.records).toEqual([expect.stringContaining('E2BIG')])
  })

  test('end when they are silent, when their client leaves, and at a stop', async () => {
    await using lab = await serve({ timeout: 200, shutdownTimeout: 100 })
    expect(await lab.get('/silent')).toBe('504 Gateway Timeout\n')
    const connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/endless' }))
    await pollUntil(() => connection.received > 100_000 || undefined, 'output')
    connection.destroy()
    await pollUntil(() => existsSync(lab.path('stopped')) || undefined, 'the end')
    await pollUntil(() => lab.upstream.statistics.running === 0 || undefined, 'nobody left')
    const last = await openRaw(lab.url)
    last.send(formatRequest({ target: '/endless' }))
    await pollUntil(() => last.received > 1000 || undefined, 'output')
    await lab.upstream.stop()
    expect(lab.upstream.statistics.running).toBe(0)
    expect(await lab.get('/hello')).toBe('503 Service Unavailable\n')
    last.destroy()
    expect(readFileSync(lab.path('stopped'), 'utf8')).toBe('')
  })
})
