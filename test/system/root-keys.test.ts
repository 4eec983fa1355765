import { chmodSync, existsSync, readFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Authority, type IssuedPair } from '../support/authority.ts'
import { startTaipan } from '../support/cli.ts'
import { connectSecure } from '../support/https-client.ts'
import { createProject, helloApp } from '../support/project.ts'

const PYTHON = '/usr/bin/python3'
const isPossible = process.getuid?.() === 0 && process.platform === 'linux' && existsSync(PYTHON)

let authority: Authority
let first: IssuedPair
let second: IssuedPair

beforeAll(() => {
  authority = new Authority()
  first = authority.issue()
  second = authority.issue({ subject: '/CN=second' })
})

afterAll(() => authority.dispose())

async function nameAt(url: string): Promise<string> {
  const socket = await connectSecure(url, { ca: authority.certificate })
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return String(CN)
}

interface Child {
  readonly pid: number
  readonly uid: number
  readonly command: string
}

/** The processes that a process has started, and the users that they run as. */
function listChildren(parent: number): Child[] {
  const pids = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ')
  return pids.map((pid) => ({
    pid: Number(pid),
    uid: Number(/^Uid:\s(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
    command: readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
  }))
}

describe.skipIf(!isPossible)('keys that only root can read', () => {
  test('are used and read again by a server that has become another user', async () => {
    using project = createProject({
      'app.py': helloApp('hi'),
      'cert.pem': first.certificate,
      'key.pem': first.key,
    })
    chmodSync(project.folder, 0o755)
    chmodSync(project.path('key.pem'), 0o600)
    const files = ['--tls-cert', project.path('cert.pem'), '--tls-key', project.path('key.pem')]
    const words = [project.path('app.py'), '-b', '127.0.0.1:0', '--python', PYTHON, '-u', 'nobody']
    const server = await startTaipan([...words, ...files], { cwd: project.folder })
    try {
      expect(readFileSync(`/proc/${server.pid}/status`, 'utf8')).toMatch(/^Uid:\s65534\s65534/m)
      expect(await nameAt(server.url)).toBe('localhost')
      const readers = listChildren(server.pid).filter(({ uid }) => uid === 0)
      expect(readers.map(({ command }) => command)).toEqual([
        expect.stringContaining('file-reader-program'),
      ])
      project.write('key.pem', second.key)
      project.write('cert.pem', second.certificate)
      await expect.poll(() => nameAt(server.url)).toBe('second')
      await server.stop()
      const [reader] = readers
      await expect.poll(() => existsSync(`/proc/${reader?.pid}/fd/0`)).toBe(false)
    } finally {
      await server.stop()
    }
  })

  test('stay in use when the process that reads them is killed', async () => {
    using project = createProject({
      'app.py': helloApp('hi'),
      'cert.pem': first.certificate,
      'key.pem': first.key,
    })
    chmodSync(project.folder, 0o755)
    chmodSync(project.path('key.pem'), 0o600)
    const files = ['--tls-cert', project.path('cert.pem'), '--tls-key', project.path('key.pem')]
    const words = [project.path('app.py'), '-b', '127.0.0.1:0', '--python', PYTHON, '-u', 'nobody']
    await using server = await startTaipan([...words, ...files], { cwd: project.folder })
    const [reader] = listChildren(server.pid).filter(({ uid }) => uid === 0)
    process.kill(reader?.pid ?? 0, 'SIGKILL')
    await server.waitForOutput(/the process that reads certificates as root has ended/)
    expect(await nameAt(server.url)).toBe('localhost')
    server.kill('SIGHUP')
    await server.waitForOutput(/^reloaded/m)
    expect(await nameAt(server.url)).toBe('localhost')
  })
})
