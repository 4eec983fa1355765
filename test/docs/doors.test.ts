import { describe, expect, onTestFinished, test } from 'vitest'

import { PYTHON } from '../applications/support/site.ts'
import { startTaipan } from '../support/cli.ts'
import { createApache } from '../support/peers/apache.ts'
import { createLighttpd } from '../support/peers/lighttpd.ts'
import { createNginx } from '../support/peers/nginx.ts'
import { findMissing, startPeer, type PeerKind } from '../support/peers/peer.ts'
import { createProject } from '../support/project.ts'
import { listBlocks } from './blocks.ts'

const APPLICATION = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    path = [environ["SCRIPT_NAME"], environ["PATH_INFO"], environ["QUERY_STRING"]]
    return [" ".join([environ.get("FCGI_ROLE", "-"), *path]).encode("latin-1")]
`

/** A server in front, by the block of the page, and what the application sees of paths. */
interface Front {
  readonly block: string
  readonly seen: Readonly<Record<string, string>>
  readonly create: (block: string) => PeerKind
}

const FRONTS: readonly Front[] = [
  {
    block: 'doors/nginx.conf',
    seen: {
      '/a%20b?x=1': 'RESPONDER  /a b x=1',
      '/prefix': 'RESPONDER /prefix  ',
      '/prefix/x': 'RESPONDER /prefix /x ',
      '/uwsgi/x': '-  /uwsgi/x ',
      '/scgi/x': '-  /scgi/x ',
    },
    create: (block) =>
      createNginx(({ bind }) => [
        block
          .replace('listen 80;', `listen ${bind};`)
          .replaceAll(/include (\w+)_params/g, 'include /etc/nginx/$1_params'),
      ]),
  },
  {
    block: 'doors/apache.conf',
    seen: {
      '/fcgi/x?y=1': 'RESPONDER  /fcgi/x y=1',
      '/scgi/x': '-  /scgi/x ',
      '/uwsgi/x': '- /uwsgi /x ',
    },
    create: (block) =>
      createApache({
        modules: ['proxy', 'proxy_fcgi', 'proxy_scgi', 'proxy_uwsgi'],
        lines: [block],
      }),
  },
  {
    block: 'doors/lighttpd.conf',
    seen: { '/some/path?x=1': 'RESPONDER  /some/path x=1' },
    create: (block) => createLighttpd(['fastcgi'], [block]),
  },
]

describe.each(FRONTS)('$block of the page', ({ block, seen, create }) => {
  test.skipIf(findMissing(create('')) !== undefined)('passes requests on', async () => {
    using project = createProject({ 'main.py': APPLICATION })
    const ports = { fastcgi: '9000', scgi: '4000', uwsgi: '3031' }
    const binds = Object.keys(ports).flatMap((protocol) => ['-b', `${protocol}://127.0.0.1:0`])
    const server = await startTaipan(['main:app', '--python', PYTHON, ...binds], {
      cwd: project.folder,
    })
    onTestFinished(() => server.kill('SIGKILL'))
    await server.waitForOutput(/listening on uwsgi/)
    let text = findBlock(block)
    for (const [protocol, port] of Object.entries(ports)) {
      const url = server.urls.find((one) => one.startsWith(`${protocol}:`)) ?? ''
      text = text.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), url.replace(/.*:/, ''))
    }
    await using peer = await startPeer(create(text), { protocol: 'http' })
    for (const [target, answer] of Object.entries(seen))
      expect(await (await fetch(peer.place.url + target)).text()).toBe(answer)
    expect((await server.stop()).exitCode).toBe(0)
  })
})

function findBlock(file: string): string {
  const block = listBlocks().find(({ marks }) => marks.get('file') === file)
  if (block === undefined) throw new Error(`no page has a block ${file}`)
  return block.text
}
