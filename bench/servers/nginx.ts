import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareCertificate } from '../environment/certificate.ts'
import type { Program } from '../measure/children.ts'
import { joinPrograms } from './joined.ts'
import { Unavailable, type LaunchContext } from './server.ts'

const NGINX = '/usr/sbin/nginx'

/** What nginx serves, and what it starts. */
export interface NginxSite {
  /** Lines of its server. */
  readonly site: string
  /** Lines beside its server. */
  readonly http?: string
  /** A program that runs behind it, and is measured with it. */
  readonly behind?: Program
}

/** One process of nginx in the foreground. Throws `Unavailable`. */
export function createNginx(context: LaunchContext, { site, http, behind }: NginxSite): Program {
  if (!existsSync(NGINX)) throw new Unavailable('nginx is missing: install the package nginx')
  const file = join(context.scratch, 'nginx.conf')
  writeFileSync(file, formatConfiguration(context, site, http))
  const program = { command: NGINX, args: ['-c', file, '-e', 'stderr'] }
  return behind === undefined ? program : joinPrograms(program, behind)
}

function formatConfiguration(context: LaunchContext, site: string, http = ''): string {
  const { scratch, port } = context
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
    listen 127.0.0.1:${port} backlog=10000${formatTransport(context)};
    ${site}
  }
}
`
}

/** The rest of `listen`, and the certificate. */
function formatTransport({ scratch, transport }: LaunchContext): string {
  if (transport === 'http') return ''
  const { certificate, key } = prepareCertificate(scratch)
  return `${transport === 'http2' ? ' ssl http2' : ' ssl'};
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3`
}
