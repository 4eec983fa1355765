// A clock that jumps: see clock.test.ts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync } from 'node:fs'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterEach, expect, test } from 'vitest'

import { COMMAND, startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil, sleep } from '../support/raw-client.ts'

const TEN_THOUSAND =
  '-p 1 -t 1 --queue-limit 9990 --queue-timeout 0 --limit-connections 11000'.split(' ')
// Every user can read it, as no virtual environment below /root is.
const PYTHON = '/usr/bin/python3'
const USER = { user: '#12346', group: '#12346' }
const APPS = fileURLToPath(new URL('../fixtures/apps', import.meta.url))

type LogRecord = Readonly<Record<string, unknown>>

/** A running `fault_table.py`, with its log. */
class Table implements AsyncDisposable {
  readonly folder: string
  readonly #taipan: RunningTaipan

  constructor(taipan: RunningTaipan, folder: string) {
    this.#taipan = taipan
    this.folder = folder
  }

  get url(): string {
    return this.#taipan.url
  }

  get records(): LogRecord[] {
    return this.#taipan.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): LogRecord => JSON.parse(line))
  }

  kill(signal: NodeJS.Signals): void {
    this.#taipan.kill(signal)
  }

  /** The first record whose text matches. */
  async waitForRecord(text: RegExp): Promise<LogRecord> {
    return await pollUntil(
      () => this.records.find(({ msg }) => text.test(String(msg))),
      `a record like ${text}`,
    )
  }

  async pid(): Promise<number> {
    const response = await fetchRaw(this.url, '/pid')
    expect([response.status, response.text]).toEqual([200, expect.stringMatching(/^\d+$/)])
    return Number(response.text)
  }

  /** Requests of others are answered. */
  async expectService(count = 20): Promise<void> {
    for (let n = 0; n < count; n++) await this.pid()
  }

  /** Waits for a worker that is not `pid`, while all requests are answered. */
  async waitForOther(pid: number): Promise<void> {
    await pollUntil(async () => (await this.pid()) !== pid || undefined, `another than ${pid}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#taipan.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

let table: Table | undefined

afterEach(async () => {
  await table?.[Symbol.asyncDispose]()
  table = undefined
})

async function start(...options: readonly string[]): Promise<Table> {
  const folder = await mkdtemp(join(tmpdir(), 'taipan-table-'))
  const access = options.includes('--access-log') ? [] : ['--no-access-log']
  const log = [...access, '--log-format', 'json']
  const taipan = await startTaipan(['fault_table.py', '-b', '127.0.0.1:0', ...log, ...options], {
    cwd: APPS,
    env: { LAB_FOLDER: folder },
  })
  table = new Table(taipan, folder)
  return table
}

const requestTo = (path: string): unknown =>
  expect.objectContaining({ method: 'GET', path, age: expect.any(Number) })

test.each([
  ['killed', { signal: 'SIGKILL', exitCode: null }, /it had 1 request$/, /^$/],
  ['crashed', { signal: 'SIGSEGV', exitCode: null }, /it had 1 request$/, /in do_crashed/],
  ['exited', { signal: null, exitCode: 3 }, /it had 1 request$/, /last words/],
])('a worker that is %s', async (fault, end, text, output) => {
  const lab = await start('-p', '1', '-t', '4')
  const pid = await lab.pid()
  const response = await fetchRaw(lab.url, `/${fault}`)
  expect([response.status, response.complete]).toEqual([502, true])
  const record = await lab.waitForRecord(/ended with/)
  expect(record).toMatchObject({ level: 'error', ...end, requests: [requestTo(`/${fault}`)] })
  expect(record['worker']).toBe(`web/${pid}`)
  expect(record['msg']).toMatch(text)
  expect([record['lastOutput']].flat().join('\n')).toMatch(output)
  await lab.expectService()
})

test.each([
  ['held', /in do_held/],
  ['power', /in do_power/],
])('the GIL is %s', async (fault, stack) => {
  const lab = await start('-p', '2', '-t', '2', '--deadlock-timeout', '1')
  await lab.pid()
  const held = fetchRaw(lab.url, `/${fault}`)
  const response = await held
  expect([response.status, response.complete]).toEqual([502, true])
  const record = await lab.waitForRecord(/was killed because it sent nothing for \d+ ms/)
  expect(record).toMatchObject({
    level: 'error',
    reason: 'deadlock',
    signal: 'SIGABRT',
    requests: [requestTo(`/${fault}`)],
  })
  expect(record['traceback']).toMatch(stack)
  await lab.expectService()
})

test('a request that sleeps', async () => {
  const lab = await start(
    '-p',
    '1',
    '-t',
    '3',
    '--timeout-request',
    '1s',
    '--interrupt-timeout',
    '1s',
  )
  const pid = await lab.pid()
  const response = await fetchRaw(lab.url, '/asleep')
  expect([response.status, response.complete]).toEqual([504, true])
  const interrupted = await lab.waitForRecord(/\(GET \/asleep\) .* \(--timeout-request\)$/)
  expect(interrupted['traceback']).toMatch(/in do_asleep/)
  await lab.waitForOther(pid)
  const replaced = await lab.waitForRecord(/has a thread that does not end request/)
  expect(replaced).toMatchObject({ reason: 'request_timeout', worker: `web/${pid}` })
  expect(replaced['traceback']).toMatch(/in do_asleep/)
})

test('a request that loops, and catches every Exception', async () => {
  const lab = await start('-p', '1', '-t', '3', '--timeout-request', '2s')
  const pid = await lab.pid()
  const neighbour = fetchRaw(lab.url, '/waited')
  const loop = fetchRaw(lab.url, '/looping')
  await lab.expectService()
  await sleep(1000)
  expect((await fetchRaw(lab.url, '/opened')).status).toBe(200)
  expect((await neighbour).text).toBe('waited')
  expect([(await loop).status, (await loop).complete]).toEqual([504, true])
  const record = await lab.waitForRecord(/\(GET \/looping\) .* \(--timeout-request\)$/)
  expect(record['traceback']).toMatch(/in do_looping/)
  await lab.expectService()
  expect(await lab.pid()).toBe(pid)
})

test('an import that hangs after a change', async () => {
  const lab = await start('-p', '1', '--timeout-startup', '1s')
  const pid = await lab.pid()
  await writeFile(join(lab.folder, 'hang'), '')
  lab.kill('SIGHUP')
  const record = await lab.waitForRecord(/was not ready within 1000 ms \(--timeout-startup\)/)
  expect(`${String(record['msg'])} ${String(record['traceback'])}`).toMatch(/fault_table\.py/)
  await lab.expectService()
  expect(await lab.pid()).toBe(pid)
})

test('an import that hangs when a worker has died', async () => {
  const lab = await start('-p', '1', '--timeout-startup', '2s')
  await writeFile(join(lab.folder, 'hang'), '')
  expect((await fetchRaw(lab.url, '/exited')).status).toBe(502)
  const waiting = fetchRaw(lab.url, '/pid')
  await rm(join(lab.folder, 'hang'))
  expect((await waiting).status).toBe(200)
})

test('memory that grows', async () => {
  const lab = await start('-p', '1', '--memory-limit-soft', '200mb')
  const pid = await lab.pid()
  expect((await fetchRaw(lab.url, '/grown')).text).toBe(String(pid))
  await lab.waitForOther(pid)
  const record = await lab.waitForRecord(/more than 200\.0 MB \(memoryLimit\.soft\)/)
  expect(record).toMatchObject({ level: 'warn', reason: 'memory', worker: `web/${pid}` })
})

test('a full disk for logs', async () => {
  const lab = await start('-p', '1', '--access-log', '--access-file', '/dev/full')
  const pid = await lab.pid()
  const record = await lab.waitForRecord(/\/dev\/full cannot be written: ENOSPC/)
  expect(record).toMatchObject({ level: 'error' })
  await lab.expectService(200)
  expect(await lab.pid()).toBe(pid)
  expect(lab.records.filter(({ msg }) => String(msg).includes('ENOSPC'))).toHaveLength(1)
})

test('a full disk for all that the server writes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'taipan-full-'))
  const full = await open('/dev/full', 'w')
  const socket = join(folder, 'sock')
  const words = ['serve', 'fault_table.py', '-b', `unix:${socket}`]
  const server = spawn(process.execPath, [COMMAND, ...words], {
    cwd: APPS,
    env: { ...process.env, LAB_FOLDER: folder },
    stdio: ['ignore', full.fd, full.fd],
  })
  const ended = once(server, 'exit')
  try {
    const ask = async (path: string): Promise<number> =>
      (await fetchRaw({ path: socket }, path)).status
    await pollUntil(() => existsSync(socket) || undefined, 'its socket')
    for (let n = 0; n < 20; n++) expect(await ask('/pid')).toBe(200)
    expect(await ask('/crashed')).toBe(502)
    expect(await ask('/pid')).toBe(200)
  } finally {
    server.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    await full.close()
    await rm(folder, { recursive: true, force: true })
  }
})

// The limit counts the processes of a user, and does not bind root.
test.skipIf(process.getuid?.() !== 0 || !existsSync(PYTHON))('a fork bomb', async () => {
  using project = createProject({
    'app.py': await readFile(join(APPS, 'fault_table.py'), 'utf8'),
    'taipan.config.json': JSON.stringify({
      app: 'app.py',
      python: PYTHON,
      groups: { web: { ...USER, resourceLimits: { processes: 30 } } },
    }),
  })
  chmodSync(project.folder, 0o755)
  const taipan = await startTaipan(['-b', '127.0.0.1:0'], {
    cwd: project.folder,
    env: { LAB_FOLDER: project.folder },
  })
  const pid = (await fetchRaw(taipan.url, '/pid')).text
  expect((await fetchRaw(taipan.url, '/forked')).text).toBe('Resource temporarily unavailable')
  expect((await fetchRaw(taipan.url, '/pid')).text).toBe(pid)
  expect((await taipan.stop()).exitCode).toBe(0)
})

test('10,000 requests in the queue', async () => {
  const lab = await start(...TEN_THOUSAND)
  const pid = await lab.pid()
  const server = Number(/PPid:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
  const first = await openRaw(lab.url)
  first.send(formatRequest({ target: '/asleep' }))
  await sleep(300)
  const connections = await openMany(lab.url, 10_000)
  for (const connection of connections) connection.send(formatRequest({ target: '/pid' }))
  const refused = await pollUntil(() => {
    const answered = connections.filter(({ received }) => received > 0)
    return answered.length >= 10 ? answered : undefined
  }, 'refusals')
  for (const connection of refused) {
    const response = await connection.readFinalResponse()
    expect([response.status, response.header('retry-after')]).toEqual([503, expect.anything()])
  }
  const resident = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${server}/status`, 'utf8'))?.[1]
  expect(Number(resident) / 1024).toBeLessThan(1000)
  // Whatever holds the only thread ends with its worker; those that wait are for the next one.
  process.kill(pid, 'SIGKILL')
  expect((await first.readFinalResponse()).status).toBe(502)
  const statuses = new Map<number, number>()
  for (const connection of connections) {
    if (refused.includes(connection)) continue
    const { status } = await connection.readFinalResponse()
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  for (const connection of [first, ...connections]) connection.destroy()
  expect(refused).toHaveLength(10)
  expect([...statuses]).toEqual([[200, 9990]])
}, 120_000)

test('a client that sends one byte a second', async () => {
  const lab = await start('-p', '1', '-t', '1', '--timeout-header', '2s', '--timeout-body', '2s')
  const slow = await openRaw(lab.url)
  const upload = await openRaw(lab.url)
  upload.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n')
  const request = formatRequest({ target: '/pid' }).toString('latin1')
  let sent = 0
  const drip = setInterval(() => {
    if (!slow.ended) slow.send(request[sent] ?? '')
    if (sent++ < 9) upload.send('x')
  }, 1000)
  try {
    await lab.expectService()
    expect((await slow.readFinalResponse()).status).toBe(408)
    expect(sent).toBeLessThan(request.length)
    await lab.expectService()
    // Each of its bytes came in time; the only thread was not held meanwhile.
    expect((await upload.readFinalResponse()).text).toBe('9')
  } finally {
    clearInterval(drip)
    slow.destroy()
    upload.destroy()
  }
})

async function openMany(url: string, count: number) {
  const connections: Awaited<ReturnType<typeof openRaw>>[] = []
  // The backlog of the listening socket is shorter than that.
  while (connections.length < count) {
    const some = Array.from({ length: Math.min(200, count - connections.length) }, () =>
      openRaw(url),
    )
    connections.push(...(await Promise.all(some)))
  }
  return connections
}
