import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { hasApache, listApacheLines } from '../applications/support/apache.ts'
import { PYTHON } from '../applications/support/site.ts'
import { ROOT, startTaipan } from '../support/cli.ts'
import { findFreePort } from '../support/free-port.ts'
import { createProject, type Project } from '../support/project.ts'
import { listBlocks } from './blocks.ts'

const SOCKET = '/run/shop.sock'

/** How a proxy runs with the block of the page. */
interface Proxy {
  readonly program: string
  readonly block: string
  /** Its files, and the arguments of its command. */
  prepare(block: string, place: { project: Project; port: number }): readonly string[]
}

const nginx: Proxy = {
  program: '/usr/sbin/nginx',
  block: 'proxies/nginx.conf',
  prepare(block, { project, port }) {
    project.write('site.conf', block.replace('listen 80;', `listen 127.0.0.1:${port};`))
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    project.write(
      'nginx.conf',
      `daemon off; pid nginx.pid; error_log stderr; worker_processes 1; user root;
      events {} http { access_log off;
      ${temporary.map((name) => `${name}_temp_path ${name};`).join(' ')}
      include site.conf; }`,
    )
    return ['-p', project.folder, '-c', project.path('nginx.conf')]
  },
}

const apache: Proxy = {
  program: '/usr/sbin/apache2',
  block: 'proxies/apache.conf',
  prepare(block, { project, port }) {
    const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers']
    const present = modules.filter((name) => hasApache(name))
    const { folder } = project
    const site = block.replace('*:80', `127.0.0.1:${port}`)
    const lines = [...listApacheLines({ folder, port, modules: present }), site]
    project.write('apache.conf', lines.join('\n'))
    return ['-f', project.path('apache.conf'), '-D', 'FOREGROUND']
  },
}

const caddy: Proxy = {
  program: '/usr/bin/caddy',
  block: 'proxies/Caddyfile',
  prepare(block, { project, port }) {
    const site = block.replace('shop.example.org', `http://127.0.0.1:${port}`)
    project.write('Caddyfile', `{\n\tadmin off\n}\n${site}`)
    return ['run', '--config', project.path('Caddyfile'), '--adapter', 'caddyfile']
  },
}

const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
})

describe.each([nginx, apache, caddy])('$block of the page', (proxy) => {
  test.skipIf(!existsSync(proxy.program))('passes requests and WebSockets on', async () => {
    using project = createProject()
    const socket = project.path('shop.sock')
    const server = await startTaipan(
      ['main:app', '--python', PYTHON, '-b', `unix:${socket}`],
      { cwd: join(ROOT, 'test/fixtures/docs/deployed') },
    )
    onTestFinished(() => server.kill('SIGKILL'))
    // The proxy has dropped its privileges.
    execFileSync('chmod', ['-R', 'a+rwX', project.folder])
    const port = await findFreePort()
    const block = findBlock(proxy.block).replaceAll(SOCKET, socket)
    await startProxy(proxy.program, proxy.prepare(block, { project, port }), port)

    const answer = await fetch(`http://127.0.0.1:${port}/some/path`, {
      method: 'POST',
      body: Buffer.alloc(3_000_000),
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      path: '/some/path',
      size: 3_000_000,
      fields: { host: `127.0.0.1:${port}`, 'x-forwarded-proto': 'http' },
    })
    expect(await echo(`ws://127.0.0.1:${port}/`, 'hello')).toBe('hello')
    expect((await server.stop()).exitCode).toBe(0)
  })
})

function findBlock(file: string): string {
  const block = listBlocks().find(({ marks }) => marks.get('file') === file)
  if (block === undefined) throw new Error(`no page has a block ${file}`)
  return block.text
}

async function startProxy(program: string, args: readonly string[], port: number): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  children.push(child)
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  await expect
    .poll(
      async () => {
        if (child.exitCode !== null) return errors
        return await fetch(`http://127.0.0.1:${port}/`).then(
          ({ status }) => status,
          (error: unknown) => String(error),
        )
      },
      { message: `${program} answers` },
    )
    .toBe(200)
}

async function echo(url: string, text: string): Promise<string> {
  const socket = new WebSocket(url)
  await once(socket, 'open')
  socket.send(text)
  const [data] = await once(socket, 'message')
  socket.close()
  await once(socket, 'close')
  return String(data)
}
