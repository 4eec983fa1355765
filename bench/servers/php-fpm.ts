import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SITE } from '../environment/paths.ts'
import { Unavailable, type BenchServer, type LaunchContext } from './server.ts'

const NGINX = '/usr/sbin/nginx'
const PROGRAMS = '/usr/sbin'

/** nginx before as many processes of PHP as others have threads, with its cache of compiled pages. */
export const phpFpm: BenchServer = {
  name: 'php-fpm',
  title: 'nginx and php-fpm',
  interfaces: ['script', 'page'],
  launch(context) {
    if (!existsSync(NGINX)) throw new Unavailable('nginx is missing: install the package nginx')
    const php = findPhp()
    const nginxFile = join(context.scratch, 'nginx.conf')
    const phpFile = join(context.scratch, 'php-fpm.conf')
    writeFileSync(nginxFile, formatNginx(context))
    writeFileSync(phpFile, formatPhp(context))
    return {
      // One tree of processes: nginx is the parent of the other.
      command: '/bin/sh',
      args: [
        '-c',
        `${php} --nodaemonize --allow-to-run-as-root --fpm-config ${phpFile} & exec ${NGINX} -c ${nginxFile} -e stderr`,
      ],
      path: `/${context.module}.php`,
    }
  },
}

function findPhp(): string {
  const name = readdirSync(PROGRAMS).find((file) => /^php-fpm[\d.]+$/.test(file))
  if (name === undefined) throw new Unavailable('php-fpm is missing: install the package php-fpm')
  return join(PROGRAMS, name)
}

function formatNginx({ scratch, port }: LaunchContext): string {
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
  server {
    listen 127.0.0.1:${port} backlog=10000;
    root ${SITE};
    location ~ \\.php$ {
      try_files $uri =404;
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_pass unix:${scratch}/php.sock;
    }
  }
}
`
}

function formatPhp({ scratch, threads }: LaunchContext): string {
  const owner =
    'listen.owner = www-data\nlisten.group = www-data\nuser = www-data\ngroup = www-data'
  return `[global]
error_log = ${scratch}/php.log
log_level = warning
[bench]
listen = ${scratch}/php.sock
listen.backlog = 10000
${process.getuid?.() === 0 ? owner : ''}
pm = static
pm.max_children = ${threads}
php_admin_flag[opcache.enable] = on
`
}
