import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { PYTHON } from '../applications/support/site.ts'
import { launchTaipan, type RunningTaipan } from '../support/cli.ts'
import { installPackage } from '../support/packed.ts'
import { ENVIRONMENT } from './environment.ts'

/** User and group `nobody` of most systems. */
const NOBODY = 65_534

/** How a visitor types a command. */
export interface Typed {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Descriptor of a listening socket to pass on as systemd does. */
  readonly socket?: number
}

/** Somebody who has just installed Taipan: not root, and with a home that cannot be written to. */
export interface Visitor extends Disposable {
  /** A folder for projects that all may enter. */
  readonly folder: string
  readonly home: string
  /** Where the package is installed. */
  readonly installed: string
  /** Undefined when the tests do not run as root: then the visitor is the one who runs them. */
  readonly uid: number | undefined
  /** Starts a command as a shell would: variables first, words in quotes. */
  type(line: string, typed: Typed): RunningTaipan
}

/** Makes a visitor with the packed tarball installed. */
export async function createVisitor(): Promise<Visitor> {
  const installed = await installPackage()
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'taipan-first-hour-')))
  chmodSync(folder, 0o755)
  const home = join(folder, 'home')
  mkdirSync(home, { mode: 0o555 })
  const become = process.getuid?.() === 0 ? becomeNobody(folder, [installed, ...needed()]) : []
  const programs = [join(installed, 'node_modules/.bin'), dirname(process.execPath)]
  const variables = {
    HOME: home,
    LANG: 'C.UTF-8',
    PATH: [...programs, join(ENVIRONMENT, 'bin'), '/usr/bin', '/bin'].join(':'),
    NO_COLOR: '1',
    TAIPAN_BIND: '127.0.0.1:0',
    VIRTUAL_ENV: ENVIRONMENT,
  }
  const nothing = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]))
  return {
    folder,
    home,
    installed,
    uid: become.length > 0 ? NOBODY : undefined,
    type: (line, { env, ...typed }) => {
      const [command, ...words] = [...become, 'sh', '-c', `exec env ${line}`]
      return launchTaipan(words, { ...typed, command, env: { ...nothing, ...variables, ...env } })
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** What the visitor must be able to read besides the system. */
function needed(): string[] {
  const prefixes = execFileSync(PYTHON, ['-c', 'import sys; print(sys.prefix, sys.base_prefix)'])
  return [...prefixes.toString().trim().split(' '), dirname(process.execPath)].map((path) =>
    realpathSync(path),
  )
}

/** Words that start a command as `nobody`, with a view of the files in which what is `needed` can be reached. */
function becomeNobody(folder: string, paths: readonly string[]): string[] {
  const steps: string[] = []
  for (const [closed, inside] of groupByClosed(paths)) {
    const stages = inside.map((path) => [path, mkdtempSync(join(folder, 'stage-'))] as const)
    for (const [path, stage] of stages) steps.push(`mount --bind '${path}' '${stage}'`)
    steps.push(`mount -t tmpfs -o mode=755 none '${closed}'`)
    for (const [path, stage] of stages)
      steps.push(`mkdir -p '${path}'`, `mount --move '${stage}' '${path}'`)
  }
  const change = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
  const script = ['set -e', ...steps, 'exec "$@"'].join('\n')
  const view = steps.length === 0 ? [] : ['unshare', '--mount', 'sh', '-c', script, 'sh']
  const words = [...view, ...change]
  const [command, ...rest] = [...words, PYTHON, '-c', '']
  const { status, stderr } = spawnSync(command, rest, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`no command can be started as nobody: ${stderr}`)
  return words
}

/** Folders that only their owner may enter, with the paths below them. */
function groupByClosed(paths: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const path of new Set(paths)) {
    const closed = listAncestors(path).find((folder) => (statSync(folder).mode & 0o001) === 0)
    if (closed !== undefined) found.set(closed, [...(found.get(closed) ?? []), path])
  }
  return found
}

/** All folders above a path, the root first. */
function listAncestors(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [] : [...listAncestors(parent), parent]
}
