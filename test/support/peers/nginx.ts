import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { PeerKind } from './peer.ts'
import type { Place } from './place.ts'

/** Parts of requests and answers that nginx puts into files. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** An nginx with these lines in its `http` block; they know where it is to listen. */
export function createNginx(listLines: (place: Place) => readonly string[]): PeerKind {
  return {
    name: 'nginx',
    protocols: ['http'],
    needs: ['/usr/sbin/nginx'],
    command(place) {
      const file = join(place.folder, 'nginx.conf')
      const lines = [
        'daemon off;',
        'worker_processes 1;',
        'pid nginx.pid;',
        'error_log stderr;',
        // So that it may read what the tests write.
        ...(process.getuid?.() === 0 ? ['user root;'] : []),
        'events {}',
        'http {',
        'access_log off;',
        ...TEMPORARY.map((name) => `${name}_temp_path ${name};`),
        ...listLines(place),
        '}',
      ]
      writeFileSync(file, `${lines.join('\n')}\n`)
      return { program: '/usr/sbin/nginx', args: ['-p', place.folder, '-c', file, '-e', 'stderr'] }
    },
  }
}

/** An nginx whose only server has these lines. */
export function createNginxSite(lines: readonly string[]): PeerKind {
  return createNginx(({ bind, port }) => [
    `server { listen ${port === undefined ? `unix:${bind}` : bind};`,
    ...lines,
    '}',
  ])
}
