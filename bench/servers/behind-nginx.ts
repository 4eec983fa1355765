import type { Program } from '../measure/children.ts'
import { createNginx } from './nginx.ts'
import type { BenchServer, Launch, LaunchContext, Protocol } from './server.ts'
import { createCommand, createTarget } from './taipan.ts'
import { createUwsgi } from './uwsgi.ts'

const interfaces = ['behind-nginx'] as const

/** Taipan's doors behind nginx. */
export const taipanDoors: readonly BenchServer[] = (
  ['fastcgi', 'scgi', 'uwsgi', 'http'] as const
).map((protocol) => ({
  name: `taipan-${protocol}`,
  title: `Taipan by ${protocol}`,
  interfaces,
  launch: (context) => {
    const scheme = protocol === 'http' ? '' : `${protocol}://`
    const words = [...createTarget(context), `--threads=${context.threads}`]
    const program = createCommand(context, words)
    const others = program.args.filter((word) => !word.startsWith('--bind='))
    const address = `--bind=${scheme}${formatAddress(context)}`
    return createSite(context, protocol, { ...program, args: [...others, address] })
  },
}))

/** uWSGI behind nginx, by its own protocol. */
export const uwsgiBehindNginx: BenchServer = {
  name: 'uwsgi-behind-nginx',
  title: 'uWSGI by uwsgi',
  distribution: 'uwsgi',
  interfaces,
  launch: (context) => {
    const socket = `--uwsgi-socket=${formatAddress(context)}`
    return createSite(context, 'uwsgi', createUwsgi(context, [socket]))
  },
}

function createSite(context: LaunchContext, protocol: Protocol, behind: Program): Launch {
  const pass =
    protocol === 'http'
      ? 'proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";'
      : `include /etc/nginx/${protocol}_params; ${protocol}_pass backend;`
  const keeps = protocol === 'fastcgi' ? 'fastcgi_keep_conn on;' : ''
  return createNginx(context, {
    http: `upstream backend { server ${formatAddress(context)}; keepalive 64; }`,
    site: `location / { ${pass} ${keeps} }`,
    behind,
  })
}

function formatAddress({ backendPort }: LaunchContext): string {
  return `127.0.0.1:${backendPort}`
}
