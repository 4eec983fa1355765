import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { request } from 'node:http'
import { execFile } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'

import { afterEach, describe, expect, onTestFinished, test } from 'vitest'

import { Authority } from '../support/authority.ts'
import type { RunningTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'
import {
  endStarted,
  get,
  isAlive,
  listReplicas,
  startReplicas,
  waitFor,
} from '../support/replicas.ts'
import { DEADLINE } from '../support/deadlines.ts'

const run = promisify(execFile)

const EMBEDDED = ['-e', 'embedded', '--no-access-log'] as const
const TCP = ['-b', '127.0.0.1:0'] as const
const CLIENTS = 12
// In replicas, see startReplica.
const FIRST_SHARED = 7

const APP = `
import multiprocessing, os, subprocess, sys, time
def application(environ, start_response):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if path == "/noted":
        journal = os.open("journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(journal, ("%s %d\\n" % (query, os.getpid())).encode())
        os.close(journal)
    if path == "/slow":
        os.write(2, b"slow reached\\n")
        time.sleep(60)
    text = str(leave(query) if path == "/leave" else os.getpid())
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text.encode()]
def leave(way):
    if way == "fork":
        pid = os.fork()
        if pid == 0:
            os.setsid()
            time.sleep(300)
            os._exit(0)
        return pid
    if way == "popen":
        return subprocess.Popen(["sleep", "300"], close_fds=False, start_new_session=True).pid
    if way == "system":
        os.system("sleep 300 & echo $! > left")
        return int(open("left").read())
    context = multiprocessing.get_context(way.replace("context-", ""))
    child = context.Process(target=time.sleep, args=(300,), daemon=True)
    child.start()
    return child.pid
`

const HOLDING_APP = `
import os, time
def application(environ, start_response):
    name = environ["QUERY_STRING"]
    if name:
        open(name, "w").write(str(os.getpid()))
        while not os.path.exists(name + "-released"):
            time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
`

interface Held {
  readonly pid: string
  release(): Promise<void>
}

/** Makes a request of `HOLDING_APP` occupy a thread. */
async function hold(taipan: RunningTaipan, project: Project, name: string): Promise<Held> {
  const answer = get(`${taipan.url}/?${name}`)
  const readPid = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')
  const file = project.path(name)
  await waitFor(() => readPid() !== '', 'held thread')
  return {
    pid: readPid(),
    release: async () => {
      project.write(`${name}-released`, '')
      await answer
    },
  }
}

interface Load {
  readonly failures: Map<number, string>
  answered: number
  stop(): Promise<void>
}

/** Sends requests continuously, each on a new connection. */
function startLoad(url: string): Load {
  const state = { over: false, next: 0 }
  const failures = new Map<number, string>()
  const client = async (): Promise<void> => {
    while (!state.over) {
      const number = (state.next += 1)
      const failure = await askOnce(`${url}/noted?${number}`)
      if (failure === undefined) load.answered += 1
      else failures.set(number, failure)
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
  const load: Load = {
    failures,
    answered: 0,
    stop: async () => {
      state.over = true
      await Promise.all(clients)
    },
  }
  return load
}

/** Resolves with a description of a failure, if there was one. */
function askOnce(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    request(url, { agent: false, timeout: DEADLINE }, (response) => {
      response.resume()
      response.once('end', () => {
        resolve(response.statusCode === 200 ? undefined : String(response.statusCode))
      })
      response.once('error', (error) => resolve(error.message))
    })
      .once('timeout', () => resolve('hangs'))
      .once('error', (error) => resolve(error.message))
      .end()
  })
}

function openClient(taipan: RunningTaipan): Promise<Socket> {
  const { hostname, port } = new URL(taipan.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket))
    socket.once('error', reject)
  })
}

/** Asks which replica has this connection, and keeps it open. */
async function askPid(socket: Socket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const chunk = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
  return String(chunk).split('\r\n\r\n')[1] ?? ''
}

/** Sends a request for each query on a connection of its own, and lets the replicas see all of them together. */
async function sendAtOnce(
  taipan: RunningTaipan,
  replicas: readonly number[],
  queries: readonly string[],
): Promise<() => Promise<string[]>> {
  for (const pid of replicas) process.kill(pid, 'SIGSTOP')
  try {
    const sockets = await Promise.all(queries.map(() => openClient(taipan)))
    const send = async (socket: Socket, query: string): Promise<void> =>
      await new Promise((resolve, reject) => {
        const head = `GET /?${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
        socket.write(head, (error) => (error ? reject(error) : resolve()))
      })
    await Promise.all(sockets.map((socket, at) => send(socket, queries[at] ?? '')))
    const read = async (socket: Socket): Promise<string> =>
      (await text(socket)).split('\r\n\r\n')[1] ?? ''
    return async () => await Promise.all(sockets.map(read))
  } finally {
    for (const pid of replicas) process.kill(pid, 'SIGCONT')
  }
}

/** Kinds of the descriptors of a process, without those that are closed meanwhile. */
function listDescriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
}

/** Whether a replica accepts on its first shared socket, which takes a second descriptor. */
function accepts(pid: string): boolean {
  const socket = readlinkSync(`/proc/${pid}/fd/${FIRST_SHARED}`)
  return listDescriptors(Number(pid)).filter((one) => one === socket).length > 1
}

/** Whether an address can be bound now. */
function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

afterEach(endStarted)

describe('connections', () => {
  test('that stay open are spread over the replicas', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, '-p', '2'])
    const replicas = listReplicas(taipan).map(String)
    const sockets: Socket[] = []
    const pids: string[] = []
    const isSpread = (): boolean =>
      replicas.every((pid) => pids.filter((one) => one === pid).length >= pids.length / 8)
    // A busy machine may not let one of them run for as long as a burst lasts.
    do {
      const burst = await Promise.all(Array.from({ length: 32 }, () => openClient(taipan)))
      pids.push(...(await Promise.all(burst.map(askPid))))
      sockets.push(...burst)
    } while (!isSpread() && sockets.length < 256)
    expect(isSpread()).toBe(true)
    for (const socket of sockets) socket.destroy()
    await taipan.stop()
  })

  test('are not accepted by a replica whose Node thread is blocked', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, '-p', '2'])
    get(`${taipan.url}/slow`).catch(() => {})
    await taipan.waitForOutput(/slow reached/)
    const pids = await Promise.all(Array.from({ length: 20 }, () => get(taipan.url)))
    expect(new Set(pids).size).toBe(1)
    taipan.kill('SIGTERM')
    taipan.kill('SIGTERM')
  })

  test('are not accepted by a replica whose threads are all busy while another has a free one', async () => {
    using project = createProject({ 'app.py': HOLDING_APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, '-p', '2', '-t', '1'])
    const first = await hold(taipan, project, 'first')
    await waitFor(() => !accepts(first.pid), 'closed listener')
    const others = await Promise.all(Array.from({ length: 20 }, () => get(taipan.url)))
    expect(others).not.toContain(first.pid)
    const second = await hold(taipan, project, 'second')
    expect(others).toContain(second.pid)
    await waitFor(() => accepts(first.pid) && accepts(second.pid), 'open listeners')
    const waiting = Array.from({ length: 4 }, () => get(taipan.url))
    await first.release()
    await waitFor(() => !accepts(second.pid), 'closed listener')
    for (let asked = 0; asked < 20; asked += 1) expect(await get(taipan.url)).toBe(first.pid)
    await second.release()
    for (const pid of await Promise.all(waiting)) expect([first.pid, second.pid]).toContain(pid)
    await taipan.stop()
  })

  test('that come at once are spread over the free threads', async () => {
    using project = createProject({ 'app.py': HOLDING_APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, '-p', '2', '-t', '1'])
    const replicas = listReplicas(taipan).map(String)
    // More of them in a row would be too many pauses.
    for (const burst of ['first', 'second', 'third']) {
      await waitFor(() => replicas.every(accepts), 'open listeners')
      const names = [`${burst}-one`, `${burst}-other`]
      const answers = await sendAtOnce(taipan, replicas.map(Number), names)
      await waitFor(() => names.every((name) => existsSync(project.path(name))), 'held threads')
      for (const name of names) project.write(`${name}-released`, '')
      expect((await answers()).toSorted()).toEqual(replicas.toSorted())
    }
    await taipan.stop()
  })

  test('are accepted by a replica whose threads are all busy when the one with a free thread is gone', async () => {
    using project = createProject({ 'app.py': HOLDING_APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, '-p', '2', '-t', '1'])
    const first = await hold(taipan, project, 'first')
    // The other one may have begun to accept only now.
    await waitFor(() => !accepts(first.pid), 'closed listener')
    expect(await get(taipan.url)).not.toBe(first.pid)
    project.write('app.py', 'import time\ntime.sleep(60)\n')
    for (const pid of listReplicas(taipan).filter((one) => String(one) !== first.pid))
      process.kill(pid, 'SIGKILL')
    const waiting = get(taipan.url)
    await waitFor(() => accepts(first.pid), 'open listener')
    await first.release()
    expect(await waiting).toBe(first.pid)
    taipan.kill('SIGTERM')
    taipan.kill('SIGTERM')
  })

  test('are answered at a stop, though they waited for a busy thread to accept them', async () => {
    using project = createProject({ 'app.py': HOLDING_APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, '-t', '0'])
    const first = await hold(taipan, project, 'first')
    const sockets = await Promise.all(Array.from({ length: 4 }, () => openClient(taipan)))
    const answers = sockets.map(async (socket) => {
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      return (await text(socket)).split('\r\n\r\n')[1]
    })
    taipan.kill('SIGTERM')
    await taipan.waitForOutput(/stopping gracefully/)
    await first.release()
    expect(await Promise.all(answers)).toEqual(answers.map(() => first.pid))
    expect((await taipan.waitForExit()).exitCode).toBe(0)
  })

  test('wait while no replica is ready', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP])
    const [first = 0] = listReplicas(taipan)
    process.kill(first, 'SIGKILL')
    await waitFor(() => !isAlive(first), 'end of the replica')
    const pids = await Promise.all(Array.from({ length: 20 }, () => get(taipan.url)))
    expect(pids).not.toContain(String(first))
    await taipan.stop()
  })

  test('get 503 from the parent while no replica can start, and are served once one can', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP])
    project.write('app.py', 'import os\nos._exit(9)\n')
    for (const pid of listReplicas(taipan)) process.kill(pid, 'SIGKILL')
    await taipan.waitForOutput(/ended with exit code 9 before it was ready/)
    const response = await fetch(taipan.url)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await response.text()).toBe('Service Unavailable\n')
    project.write('app.py', APP)
    await waitFor(async () => (await askOnce(taipan.url)) === undefined, 'service')
    expect(listReplicas(taipan)).toContain(Number(await get(taipan.url)))
    await taipan.stop()
  })

  test('get it inside of TLS, by HTTP/1 and HTTP/2', async () => {
    const authority = new Authority()
    onTestFinished(() => authority.dispose())
    const { certificateFile, keyFile } = authority.issue()
    using project = createProject({ 'app.py': APP })
    const tls = ['--tls-cert', certificateFile, '--tls-key', keyFile]
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, ...tls])
    const ask = async (version: string): Promise<string> => {
      const words = ['-sk', '-m', '20', version, '-w', ' %{http_code} %{http_version}']
      const { stdout } = await run('curl', [...words, taipan.url]).catch((error: unknown) => ({
        stdout: String(error),
      }))
      return stdout
    }
    project.write('app.py', 'import os\nos._exit(9)\n')
    for (const pid of listReplicas(taipan)) process.kill(pid, 'SIGKILL')
    await taipan.waitForOutput(/ended with exit code 9 before it was ready/)
    expect(await ask('--http1.1')).toBe('Service Unavailable\n 503 1.1')
    expect(await ask('--http2')).toBe('Service Unavailable\n 503 2')
    project.write('app.py', APP)
    await waitFor(async () => (await ask('--http2')).endsWith(' 200 2'), 'service')
    await taipan.stop()
  })
})

describe('new connections for each request', () => {
  test('kill -9 of a replica costs only the connections of that replica', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, '-p', '2'])
    const load = startLoad(taipan.url)
    const killed: number[] = []
    for (let kills = 0; kills < 3; kills += 1) {
      await waitFor(() => load.answered > kills * 200 + 100, 'load')
      await waitFor(() => listReplicas(taipan).length === 2, 'replacement')
      const [first = 0] = listReplicas(taipan)
      killed.push(first)
      process.kill(first, 'SIGKILL')
      await waitFor(() => !isAlive(first), 'end of the replica')
    }
    await load.stop()
    const journal = project.path('journal')
    const servers = new Map(
      readFileSync(journal, 'utf8')
        .trim()
        .split('\n')
        .map((line): [number, number] => {
          const [number = 0, pid = 0] = line.split(' ').map(Number)
          return [number, pid]
        }),
    )
    expect(load.failures.size).toBeLessThanOrEqual(killed.length * CLIENTS)
    for (const [number, failure] of load.failures) {
      expect(failure).toMatch(/socket hang up|ECONNRESET|EPIPE/)
      expect([undefined, ...killed]).toContain(servers.get(number))
    }
    await taipan.stop()
  })

  test('a reload loses none', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, '-p', '2'])
    const load = startLoad(taipan.url)
    for (let reloads = 0; reloads < 3; reloads += 1) {
      const before = listReplicas(taipan)
      taipan.kill('SIGHUP')
      await waitFor(() => !before.some(isAlive), 'end of the old replicas')
    }
    await load.stop()
    expect([...load.failures]).toEqual([])
    expect(load.answered).toBeGreaterThan(100)
    await taipan.stop()
  })
})

describe('children of the application', () => {
  const ways = ['fork', 'popen', 'system', 'context-fork', 'spawn', 'forkserver']

  test.each(ways)('%s: they have no listening socket', async (way) => {
    using project = createProject({ 'app.py': APP })
    const socket = project.path('x.sock')
    const args = [...EMBEDDED, ...TCP, '-b', `unix:${socket}`]
    const taipan = await startReplicas(project, args)
    const [replica = 0] = listReplicas(taipan)
    const shared = [FIRST_SHARED, FIRST_SHARED + 1].map((fd) =>
      readlinkSync(`/proc/${replica}/fd/${fd}`),
    )
    expect(shared.join()).toMatch(/^socket:\[\d+\],socket:\[\d+\]$/)
    const left = Number(await get(`${taipan.url}/leave?${way}`))
    try {
      // A program that is being started has not yet closed its descriptors.
      await waitFor(
        () => !listDescriptors(left).some((one) => shared.includes(one)),
        'child without shared sockets',
      )
      expect(isAlive(left)).toBe(true)
    } finally {
      process.kill(left, 'SIGKILL')
    }
    await taipan.stop()
  })

  test('a forked one does not keep address or clients when the server stops', async () => {
    using project = createProject({ 'app.py': APP })
    const socket = project.path('x.sock')
    const taipan = await startReplicas(project, [...EMBEDDED, ...TCP, '-b', `unix:${socket}`])
    const client = connect(socket)
    const ended = new Promise((resolve) => client.once('close', resolve))
    client.write('GET /leave?fork HTTP/1.1\r\nHost: x\r\n\r\n')
    const chunk = await new Promise<Buffer>((resolve) => client.once('data', resolve))
    const left = Number(String(chunk).split('\r\n\r\n')[1])
    expect((await taipan.stop()).exitCode).toBe(0)
    expect(await canListen(Number(new URL(taipan.url).port))).toBe(true)
    expect(existsSync(socket)).toBe(false)
    await ended
    expect(isAlive(left)).toBe(true)
    process.kill(left, 'SIGKILL')
  })
})

test('kill -9 of the parent frees the address, though a replica is busy', async () => {
  using project = createProject({ 'app.py': APP })
  const taipan = await startReplicas(project, [...EMBEDDED, ...TCP])
  const [replica = 0] = listReplicas(taipan)
  get(`${taipan.url}/slow`).catch(() => {})
  await taipan.waitForOutput(/slow reached/)
  taipan.kill('SIGKILL')
  await waitFor(() => canListen(Number(new URL(taipan.url).port)), 'free address')
  await waitFor(() => !isAlive(replica), 'end of the replica')
})
