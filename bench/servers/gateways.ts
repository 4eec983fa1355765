import { join } from 'node:path'
import { PROGRAMS } from '../environment/paths.ts'
import { createNginx } from './nginx.ts'
import { installNodePackage } from './node-packages.ts'
import {
  Unavailable,
  type BenchServer,
  type Launch,
  type LaunchContext,
  type Protocol,
} from './server.ts'
import { createCommand } from './taipan.ts'

const PROTOCOLS = ['fastcgi', 'scgi', 'uwsgi', 'http'] as const
const interfaces = PROTOCOLS.map((protocol) => `gateway-${protocol}` as const)
/** Idle connections to the back end that are kept. */
const KEPT = 64

/** Routes of Taipan to a back end. */
export const taipanGateway: BenchServer = {
  name: 'taipan-gateway',
  title: 'Taipan, gateway',
  interfaces,
  launch: (context) => {
    const target = `${findProtocol(context)}://127.0.0.1:${context.backendPort}`
    return withBackend(context, createCommand(context, [`--upstream=/=${target}`]))
  },
}

/** nginx's own modules, with kept connections where the protocol has them. */
export const nginxGateway: BenchServer = {
  name: 'nginx-gateway',
  title: 'nginx',
  interfaces,
  launch: (context) => {
    const site = PASSES[findProtocol(context)]
    const http = `upstream backend { server 127.0.0.1:${context.backendPort}; keepalive ${KEPT}; }`
    return withBackend(context, createNginx(context, { site: `location / { ${site} }`, http }))
  },
}

/** http-proxy on `node:http`. */
export const httpProxy: BenchServer = {
  name: 'http-proxy',
  title: 'http-proxy',
  interfaces: ['gateway-http'],
  launch: (context) => createProxy(context, 'http-proxy.mjs', ['http-proxy@1.18.1']),
}

/** @fastify/http-proxy, which uses undici. */
export const fastifyHttpProxy: BenchServer = {
  name: 'fastify-http-proxy',
  title: '@fastify/http-proxy',
  interfaces: ['gateway-http'],
  launch: (context) =>
    createProxy(context, 'fastify-http-proxy.mjs', [
      'fastify@5.12.8',
      '@fastify/http-proxy@11.6.3',
    ]),
}

/** Answers that do not fit into memory would be written to files. */
const PASSES: Readonly<Record<Protocol, string>> = {
  fastcgi: `include /etc/nginx/fastcgi_params; fastcgi_pass backend; fastcgi_keep_conn on;
    fastcgi_max_temp_file_size 0;`,
  scgi: 'include /etc/nginx/scgi_params; scgi_pass backend; scgi_max_temp_file_size 0;',
  uwsgi: 'include /etc/nginx/uwsgi_params; uwsgi_pass backend; uwsgi_max_temp_file_size 0;',
  http: `proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_max_temp_file_size 0;`,
}

function createProxy(context: LaunchContext, script: string, packages: readonly string[]): Launch {
  const folders = packages.map((name) => installNodePackage(context, name))
  const ports = [context.port, context.backendPort].map(String)
  return withBackend(context, {
    command: process.execPath,
    args: [join(PROGRAMS, script), ...ports, ...folders],
  })
}

/** The back end is the same for all; it costs little, and is not measured. */
function withBackend(context: LaunchContext, program: Launch): Launch {
  const words = [findProtocol(context), String(context.backendPort)]
  const backend = {
    command: process.execPath,
    args: [join(PROGRAMS, 'gateway-backend.mjs'), ...words],
  }
  return { ...program, backend }
}

function findProtocol({ interface: kind }: LaunchContext): Protocol {
  const found = PROTOCOLS.find((protocol) => kind === `gateway-${protocol}`)
  if (found === undefined) throw new Unavailable(`${kind} is no workload for gateways`)
  return found
}
