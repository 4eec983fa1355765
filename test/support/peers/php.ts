import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from '../cli.ts'
import type { PeerKind } from './peer.ts'

const PROGRAMS = '/usr/sbin'

/** Folder of the PHP scripts. */
export const PHP_ROOT = join(ROOT, 'test/fixtures/peers/php')

const shared = {
  protocols: ['fastcgi'],
  script: join(PHP_ROOT, 'lab.php'),
} as const

/** php-fpm; a child keeps a connection as long as its client does. */
export const phpFpm: PeerKind = {
  ...shared,
  name: 'php-fpm',
  needs: [findPhpFpm()],
  command({ folder, bind, children }) {
    const file = join(folder, 'php-fpm.conf')
    writeFileSync(
      file,
      `[global]
error_log = /dev/stderr
[lab]
listen = ${bind}
${process.getuid?.() === 0 ? 'user = root' : ''}
pm = static
pm.max_children = ${children}
security.limit_extensions =
php_admin_flag[log_errors] = on
`,
    )
    return { program: findPhpFpm(), args: ['--nodaemonize', '-R', '-n', '--fpm-config', file] }
  },
}

/** php-cgi with its own processes, which ends each of them after 500 requests unless told otherwise. */
export const phpCgi: PeerKind = {
  ...shared,
  name: 'php-cgi',
  needs: ['/usr/bin/php-cgi'],
  command: ({ bind, children }) => ({
    program: '/usr/bin/php-cgi',
    args: ['-n', '-b', bind],
    env: { PHP_FCGI_CHILDREN: String(children) },
  }),
}

function findPhpFpm(): string {
  const names = existsSync(PROGRAMS) ? readdirSync(PROGRAMS) : []
  return join(PROGRAMS, names.find((name) => /^php-fpm[\d.]+$/.test(name)) ?? 'php-fpm')
}
