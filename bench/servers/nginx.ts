import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from '../measure/children.ts'
import { Unavailable, type LaunchContext } from './server.ts'

const NGINX = '/usr/sbin/nginx'

/** What nginx serves, and what it starts. */
export interface NginxSite {
  /** Lines of its server. */
  readonly site: string
  /** Lines beside its server. */
  readonly http?: string
  /** A program and its arguments that run behind it, and are measured with it. */
  readonly behind?: readonly string[]
}

/** One process of nginx in the foreground. Throws `Unavailable`. */
export function createNginx(context: LaunchContext, { site, http, behind }: NginxSite): Program {
  if (!existsSync(NGINX)) throw new Unavailable('nginx is missing: install the package nginx')
  const file = join(context.scratch, 'nginx.conf')
  writeFileSync(file, formatConfiguration(context, site, http))
  const args = ['-c', file, '-e', 'stderr']
  if (behind === undefined) return { command: NGINX, args }
  return {
    // One tree of processes: nginx is the parent of the other.
    command: '/bin/sh',
    args: ['-c', `"$@" & exec ${NGINX} ${args.join(' ')}`, 'sh', ...behind],
    environment: context.environment,
  }
}

function formatConfiguration({ scratch, port }: LaunchContext, site: string, http = ''): string {
  return `daemon off;
worker_processes 1;
pid ${scratch}/nginx.pid;
error_log stderr warn;
${process.getuid?.() === 0 ? 'user www-data;' : ''}
events { worker_connections 10000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${scratch}/nginx-body;
  fastcgi_temp_path ${scratch}/nginx-fastcgi;
  proxy_temp_path ${scratch}/nginx-proxy;
  scgi_temp_path ${scratch}/nginx-scgi;
  uwsgi_temp_path ${scratch}/nginx-uwsgi;
  ${http}
  server {
    listen 127.0.0.1:${port} backlog=10000;
    ${site}
  }
}
`
}
