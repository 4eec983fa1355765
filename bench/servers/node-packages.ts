import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Unavailable, type LaunchContext } from './server.ts'

/**
 * Installs a package of npm, `NAME@VERSION`, beside the Python packages, unless an earlier run has; returns the folder
 * from which it can be required. Throws `Unavailable`.
 */
export function installNodePackage({ bin }: LaunchContext, wanted: string): string {
  const name = wanted.slice(0, wanted.lastIndexOf('@'))
  const folder = join(dirname(bin), 'peers', name.replaceAll('/', '-'))
  if (existsSync(join(folder, 'node_modules', name))) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', wanted], {
      cwd: folder,
      stdio: 'pipe',
    })
  } catch (cause) {
    throw new Unavailable(`${wanted} could not be installed`, { cause })
  }
  return folder
}
