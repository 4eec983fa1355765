import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { findFreePort } from '../../support/free-port.ts'
import { pollUntil } from '../../support/raw-client.ts'

const PROGRAM = '/usr/sbin/apache2'
const MODULES = '/usr/lib/apache2/modules'
const BASIC = ['mpm_prefork', 'authz_core', 'mime', 'dir', 'alias']

/** An Apache of its own, with a private folder. */
export interface Apache {
  readonly url: string
  stop(): Promise<void>
}

/** Whether Apache is installed with these modules. */
export function hasApache(...modules: readonly string[]): boolean {
  return [PROGRAM, ...modules.map((name) => `${MODULES}/mod_${name}.so`)].every((file) =>
    existsSync(file),
  )
}

/** The first lines of a configuration: its modules, its own folder, and where it listens. */
export function listApacheLines(options: {
  readonly folder: string
  readonly port: number
  readonly modules: readonly string[]
}): string[] {
  const { folder, port, modules } = options
  return [
    ...modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    `ServerRoot ${folder}`,
    `DefaultRuntimeDir ${folder}`,
    'PidFile apache.pid',
    'ErrorLog apache.log',
    'ServerName localhost',
    'User nobody',
    'Group nogroup',
    `Listen 127.0.0.1:${port}`,
  ]
}

/** Starts Apache with `root` as its documents; `folder` is its own, and `directory` says how files are served. */
export async function startApache(options: {
  readonly folder: string
  readonly root: string
  readonly modules: readonly string[]
  readonly directory: readonly string[]
  readonly more?: readonly string[]
}): Promise<Apache> {
  const { folder, root, modules, directory, more = [] } = options
  const port = await findFreePort()
  await mkdir(folder, { recursive: true })
  // Its children are nobody.
  await chmod(folder, 0o755)
  const lines = [
    ...listApacheLines({ folder, port, modules: [...BASIC, ...modules] }),
    'StartServers 1',
    'KeepAlive Off',
    'TypesConfig /dev/null',
    `DocumentRoot ${root}`,
    `<Directory ${root}>`,
    'Require all granted',
    ...directory,
    '</Directory>',
    ...more,
  ]
  const file = join(folder, 'apache.conf')
  await writeFile(file, `${lines.join('\n')}\n`)
  const child = spawn(PROGRAM, ['-f', file, '-D', 'FOREGROUND'], {
    stdio: 'ignore',
    // Its end goes to its entire process group.
    detached: true,
    // Python looks there for itself, and nobody may not read everybody's.
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
  })
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  await pollUntil(async () => {
    if (child.exitCode !== null)
      throw new Error(`Apache has ended: ${await readFile(join(folder, 'apache.log'), 'utf8')}`)
    return await fetch(url).then(
      () => true,
      () => undefined,
    )
  }, 'Apache')
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
