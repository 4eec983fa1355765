import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareCertificate } from '../environment/certificate.ts'
import type { Program } from '../measure/children.ts'
import { gunicornAsgi, gunicornThreads } from './gunicorn.ts'
import { joinPrograms } from './joined.ts'
import { createNginx } from './nginx.ts'
import { Unavailable, type BenchServer, type LaunchContext } from './server.ts'

const CADDY = '/usr/bin/caddy'
/** Idle connections to gunicorn that are kept. */
const KEPT = 64

const interfaces = ['wsgi', 'asgi'] as const
const transports = ['https', 'http2'] as const

/** nginx has the connections of clients, gunicorn the application. */
export const nginxGunicorn: BenchServer = {
  name: 'nginx-gunicorn',
  title: 'nginx and gunicorn',
  distribution: 'gunicorn',
  interfaces,
  transports,
  launch: (context) =>
    createNginx(context, {
      http: `upstream backend { server 127.0.0.1:${context.backendPort}; keepalive ${KEPT}; }`,
      site: `location / {
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
    }`,
      behind: createGunicorn(context),
    }),
}

/** Caddy has the connections of clients, gunicorn the application. */
export const caddyGunicorn: BenchServer = {
  name: 'caddy-gunicorn',
  title: 'Caddy and gunicorn',
  distribution: 'gunicorn',
  interfaces,
  transports,
  launch: (context) => joinPrograms(createCaddy(context), createGunicorn(context)),
}

function createGunicorn(context: LaunchContext): Program {
  const gunicorn = context.interface === 'asgi' ? gunicornAsgi : gunicornThreads
  return gunicorn.launch({ ...context, port: context.backendPort })
}

function createCaddy(context: LaunchContext): Program {
  if (!existsSync(CADDY)) throw new Unavailable('Caddy is missing: install the package caddy')
  const file = join(context.scratch, 'Caddyfile')
  writeFileSync(file, formatCaddy(context))
  const folder = join(context.scratch, 'caddy')
  return {
    command: CADDY,
    args: ['run', '--config', file, '--adapter', 'caddyfile'],
    environment: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  }
}

function formatCaddy({ port, backendPort, scratch }: LaunchContext): string {
  const { certificate, key } = prepareCertificate(scratch)
  return `{
  admin off
  auto_https off
  log {
    level WARN
  }
  servers {
    protocols h1 h2
  }
}
https://127.0.0.1:${port} {
  bind 127.0.0.1
  tls ${certificate} ${key}
  reverse_proxy 127.0.0.1:${backendPort} {
    transport http {
      keepalive_idle_conns_per_host ${KEPT}
    }
  }
}
`
}
