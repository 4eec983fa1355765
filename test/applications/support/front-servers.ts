import { COMMAND, startTaipan } from '../../support/cli.ts'
import { createApache } from '../../support/peers/apache.ts'
import { createLighttpd } from '../../support/peers/lighttpd.ts'
import { createNginxSite } from '../../support/peers/nginx.ts'
import { findMissing, startPeer, type PeerKind } from '../../support/peers/peer.ts'
import type { Feature } from './sample-contract.ts'
import type { SiteOptions } from './site-options.ts'
import { PYTHON, type Site } from './site.ts'

/** A server that passes requests on to Taipan by a protocol of its own. */
export interface FrontServer {
  readonly name: string
  readonly protocol: 'fastcgi' | 'scgi' | 'uwsgi'
  /** What it does not pass on. */
  readonly lacks: readonly Feature[]
  /** The server, which passes everything on to a port. */
  create(port: string): PeerKind
}

/** nginx, Apache and lighttpd with each protocol. */
export const FRONT_SERVERS: readonly FrontServer[] = [
  createNginxFront('fastcgi'),
  createNginxFront('scgi'),
  createNginxFront('uwsgi'),
  createApacheFront('fastcgi', ['length of HEAD']),
  // Both take no body of unknown length (411).
  createApacheFront('scgi', ['length of HEAD', 'chunks']),
  createApacheFront('uwsgi', ['chunks']),
  createLighttpdFront('fastcgi'),
  createLighttpdFront('scgi'),
  createLighttpdFront('uwsgi'),
  createTaipanFront('fastcgi'),
  createTaipanFront('scgi'),
  createTaipanFront('uwsgi'),
]

function createNginxFront(protocol: FrontServer['protocol']): FrontServer {
  return {
    name: `nginx, ${protocol}_pass`,
    protocol,
    lacks: [],
    create: (port) =>
      createNginxSite([
        'client_max_body_size 0;',
        `location / { include /etc/nginx/${protocol}_params; ${protocol}_param HTTP_HOST $http_host;`,
        `${protocol}_buffering off; ${protocol}_pass 127.0.0.1:${port}; }`,
      ]),
  }
}

function createApacheFront(
  protocol: FrontServer['protocol'],
  lacks: readonly Feature[],
): FrontServer {
  const scheme = protocol === 'fastcgi' ? 'fcgi' : protocol
  return {
    name: `Apache, mod_proxy_${scheme}`,
    protocol,
    // An answer that has arrived whole when it looks gets a length.
    lacks: ['streaming', ...lacks],
    create: (port) =>
      createApache({
        modules: ['proxy', `proxy_${scheme}`],
        lines: ['AllowEncodedSlashes On', `ProxyPass "/" "${scheme}://127.0.0.1:${port}/"`],
      }),
  }
}

function createLighttpdFront(protocol: FrontServer['protocol']): FrontServer {
  const module = protocol === 'fastcgi' ? 'fastcgi' : 'scgi'
  return {
    name: `lighttpd, ${protocol}`,
    protocol,
    // It gathers answers that are short.
    lacks: ['streaming'],
    create: (port) =>
      createLighttpd(
        [module],
        [
          ...(protocol === 'uwsgi' ? ['scgi.protocol = "uwsgi"'] : []),
          `${module}.server = ("/" => (("host" => "127.0.0.1", "port" => ${port},`,
          '"check-local" => "disable", "fix-root-scriptname" => "enable")))',
        ],
      ),
  }
}

/** Another Taipan, whose route is answered by the first. */
function createTaipanFront(protocol: FrontServer['protocol']): FrontServer {
  return {
    name: `Taipan, ${protocol}`,
    protocol,
    lacks: [],
    create: (port) => ({
      name: 'Taipan',
      protocols: ['http'],
      needs: [COMMAND],
      command: ({ bind }) => {
        const upstream = `/=${protocol}://127.0.0.1:${port}`
        return { program: COMMAND, args: ['serve', '--upstream', upstream, '--bind', bind] }
      },
    }),
  }
}

/** Whether the server is installed. */
export function isInstalled(front: FrontServer): boolean {
  return findMissing(front.create('1')) === undefined
}

/** Serves a site behind a server; resolves when both listen. */
export async function startBehind(
  front: FrontServer,
  { args, ...options }: Omit<SiteOptions, 'use'>,
): Promise<Site> {
  const address = `${front.protocol}://127.0.0.1:0`
  const command = await startTaipan([...args, '--bind', address, '--python', PYTHON], options)
  const [, port = ''] = /:(\d+)$/.exec(command.url) ?? []
  const peer = await startPeer(front.create(port), { protocol: 'http' })
  return {
    url: peer.place.url,
    waitForOutput: async (pattern) => void (await command.waitForOutput(pattern)),
    stop: async () => {
      await peer.stop()
      const { exitCode, output } = await command.stop()
      if (exitCode !== 0) throw new Error(`exit code ${exitCode ?? 'by a signal'}:\n${output}`)
      return output
    },
  }
}
