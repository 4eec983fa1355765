import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { PYTHON } from '../applications/support/site.ts'
import { ROOT, startTaipan } from '../support/cli.ts'
import { createApache } from '../support/peers/apache.ts'
import { createNginx } from '../support/peers/nginx.ts'
import { findMissing, startPeer, type PeerKind } from '../support/peers/peer.ts'
import { createProject } from '../support/project.ts'
import { listBlocks } from './blocks.ts'

const SOCKET = '/run/shop.sock'

/** A proxy, by the name of its block. */
interface Proxy {
  readonly block: string
  /** The proxy with this block. */
  create(block: string): PeerKind
}

const nginx: Proxy = {
  block: 'proxies/nginx.conf',
  create: (block) => createNginx(({ bind }) => [block.replace('listen 80;', `listen ${bind};`)]),
}

const apache: Proxy = {
  block: 'proxies/apache.conf',
  create: (block) =>
    createApache({
      modules: ['proxy', 'proxy_http', 'headers'],
      lines: [block.replace('*:80', '*:*')],
    }),
}

const caddy: Proxy = {
  block: 'proxies/Caddyfile',
  create: (block) => ({
    name: 'Caddy',
    protocols: ['http'],
    needs: ['/usr/bin/caddy'],
    command({ folder, url }) {
      const file = join(folder, 'Caddyfile')
      const site = block.replace('shop.example.org', url)
      writeFileSync(file, `{\n\tadmin off\n}\n${site}`)
      return { program: '/usr/bin/caddy', args: ['run', '--config', file, '--adapter', 'caddyfile'] }
    },
  }),
}

describe.each([nginx, apache, caddy])('$block of the page', (proxy) => {
  test.skipIf(findMissing(proxy.create('')) !== undefined)('passes requests and WebSockets on', async () => {
    using project = createProject()
    const socket = project.path('shop.sock')
    const server = await startTaipan(
      ['main:app', '--python', PYTHON, '-b', `unix:${socket}`],
      { cwd: join(ROOT, 'test/fixtures/docs/deployed') },
    )
    onTestFinished(() => server.kill('SIGKILL'))
    // The proxy has dropped its privileges.
    execFileSync('chmod', ['-R', 'a+rwX', project.folder])
    const block = findBlock(proxy.block).replaceAll(SOCKET, socket)
    await using peer = await startPeer(proxy.create(block), { protocol: 'http' })
    const { bind, url } = peer.place

    const answer = await fetch(`${url}/some/path`, {
      method: 'POST',
      body: Buffer.alloc(3_000_000),
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      path: '/some/path',
      size: 3_000_000,
      fields: { host: bind, 'x-forwarded-proto': 'http' },
    })
    expect(await echo(`ws://${bind}/`, 'hello')).toBe('hello')
    expect((await server.stop()).exitCode).toBe(0)
  })
})

function findBlock(file: string): string {
  const block = listBlocks().find(({ marks }) => marks.get('file') === file)
  if (block === undefined) throw new Error(`no page has a block ${file}`)
  return block.text
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
