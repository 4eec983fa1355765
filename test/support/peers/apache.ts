import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { PeerKind } from './peer.ts'

const PROGRAM = '/usr/sbin/apache2'
const MODULES = '/usr/lib/apache2/modules'
const BASIC = ['authz_core', 'mime', 'dir', 'alias']

/** What an Apache is made of. */
export interface ApacheOptions {
  /** Beside the usual ones. */
  readonly modules: readonly string[]
  readonly lines: readonly string[]
  /** Threads of one process by default. */
  readonly model?: 'event' | 'prefork'
}

/** An Apache on a port; its children are nobody. */
export function createApache({ modules, lines, model = 'event' }: ApacheOptions): PeerKind {
  const names = [`mpm_${model}`, ...BASIC, ...modules]
  return {
    name: 'Apache',
    protocols: ['http'],
    tcpOnly: true,
    needs: [PROGRAM, ...names.map(findModule)],
    command({ folder, port }) {
      const file = join(folder, 'apache.conf')
      const all = [
        ...names.map((name) => `LoadModule ${name}_module ${findModule(name)}`),
        `ServerRoot ${folder}`,
        `DefaultRuntimeDir ${folder}`,
        'PidFile apache.pid',
        'ErrorLog /dev/stderr',
        'ServerName localhost',
        'User nobody',
        'Group nogroup',
        'TypesConfig /dev/null',
        'StartServers 1',
        `Listen 127.0.0.1:${port}`,
        ...lines,
      ]
      writeFileSync(file, `${all.join('\n')}\n`)
      return { program: PROGRAM, args: ['-f', file, '-D', 'FOREGROUND'] }
    },
  }
}

function findModule(name: string): string {
  return `${MODULES}/mod_${name}.so`
}
