import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SITE } from '../environment/paths.ts'
import { createNginx } from './nginx.ts'
import { Unavailable, type BenchServer, type LaunchContext } from './server.ts'

const PROGRAMS = '/usr/sbin'

/** nginx before as many processes of PHP as others have threads, with its cache of compiled pages. */
export const phpFpm: BenchServer = {
  name: 'php-fpm',
  title: 'nginx and php-fpm',
  interfaces: ['script', 'page'],
  launch(context) {
    const php = findPhp()
    const phpFile = join(context.scratch, 'php-fpm.conf')
    writeFileSync(phpFile, formatPhp(context))
    const behind = {
      command: php,
      args: ['--nodaemonize', '--allow-to-run-as-root', '--fpm-config', phpFile],
      environment: context.environment,
    }
    return {
      ...createNginx(context, { site: formatSite(context), behind }),
      path: `/${context.module}.php`,
    }
  },
}

function findPhp(): string {
  const name = readdirSync(PROGRAMS).find((file) => /^php-fpm[\d.]+$/.test(file))
  if (name === undefined) throw new Unavailable('php-fpm is missing: install the package php-fpm')
  return join(PROGRAMS, name)
}

function formatSite({ scratch }: LaunchContext): string {
  return `root ${SITE};
    location ~ \\.php$ {
      try_files $uri =404;
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_pass unix:${scratch}/php.sock;
    }`
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
