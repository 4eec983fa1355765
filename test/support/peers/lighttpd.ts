import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { PeerKind } from './peer.ts'

const PROGRAM = '/usr/sbin/lighttpd'

/** A lighttpd with these modules and lines on a port. */
export function createLighttpd(modules: readonly string[], lines: readonly string[]): PeerKind {
  return {
    name: 'lighttpd',
    protocols: ['http'],
    tcpOnly: true,
    needs: [PROGRAM],
    command({ folder, port }) {
      const file = join(folder, 'lighttpd.conf')
      const names = modules.map((name) => JSON.stringify(`mod_${name}`))
      const all = [
        `server.document-root = ${JSON.stringify(folder)}`,
        'server.bind = "127.0.0.1"',
        `server.port = ${port}`,
        `server.modules = (${names.join(', ')})`,
        ...lines,
      ]
      writeFileSync(file, `${all.join('\n')}\n`)
      return { program: PROGRAM, args: ['-D', '-f', file] }
    },
  }
}
