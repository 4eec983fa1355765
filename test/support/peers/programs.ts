import { join } from 'node:path'

import { ROOT } from '../cli.ts'
import type { PeerKind } from './peer.ts'
import { FIXTURES } from './python.ts'

const PLUGIN = '/usr/lib/uwsgi/plugins/python3_plugin.so'

/** The uWSGI of Debian, whose Python is that of Debian. */
export const uwsgi: PeerKind = {
  name: 'uWSGI',
  protocols: ['uwsgi', 'fastcgi', 'scgi', 'http'],
  needs: ['/usr/bin/uwsgi-core', PLUGIN],
  command: ({ protocol, bind, children }) => ({
    program: '/usr/bin/uwsgi-core',
    args: [
      '--plugin=python3',
      `--${protocol === 'uwsgi' ? 'uwsgi-socket' : `${protocol}-socket`}=${bind}`,
      '--buffer-size=65535',
      '--master',
      `--processes=${children}`,
      '--die-on-term',
      '--need-app',
      '--module=gateway_lab:application',
    ],
    cwd: FIXTURES,
    env: { PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: FIXTURES },
  }),
}

/** fcgiwrap, which starts a program for each request, on a socket that spawn-fcgi has made. */
export const fcgiwrap: PeerKind = {
  name: 'fcgiwrap',
  protocols: ['fastcgi'],
  needs: ['/usr/sbin/fcgiwrap', '/usr/bin/spawn-fcgi', '/usr/bin/python3'],
  script: join(FIXTURES, 'lab.cgi'),
  command({ bind, port, children }) {
    const socket = port === undefined ? ['-s', bind] : ['-a', '127.0.0.1', '-p', String(port)]
    const words = ['--', '/usr/sbin/fcgiwrap', '-f', '-c', String(children)]
    return { program: '/usr/bin/spawn-fcgi', args: ['-n', ...socket, ...words] }
  },
}

/** node-fastcgi, which multiplexes and has all roles. */
export const nodeFastcgi: PeerKind = {
  name: 'node-fastcgi',
  protocols: ['fastcgi'],
  needs: [join(ROOT, 'node_modules/node-fastcgi/index.js')],
  command: ({ bind }) => ({
    program: process.execPath,
    args: [join(FIXTURES, 'node-fastcgi.mjs'), bind],
  }),
}
