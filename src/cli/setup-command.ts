import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TaipanError } from '../core/errors.ts'
import { isRoot } from '../processes/accounts.ts'
import { anchorPaths } from '../server/config/anchor.ts'
import type { Environment } from '../server/config/environment.ts'
import type { ServerPlan } from '../server/config/resolved.ts'
import { loadCommandPlan } from '../server/load-plan.ts'
import { describeInput, type CommandLine } from './arguments.ts'
import {
  CONFIG_NAME,
  formatControlScript,
  type ServerSetup,
} from './setup-server/control-script.ts'
import { formatUnit } from './setup-server/unit.ts'

const SCRIPT = 'taipanctl'
const COMMAND = [process.execPath, fileURLToPath(new URL('./main.js', import.meta.url))]

/** `taipan setup-server DIR [TARGET] [options]`: writes what runs this server, and starts nothing. Returns the exit code. */
export async function runSetupServer(line: CommandLine, environment: Environment): Promise<number> {
  const [place] = line.names
  if (place === undefined)
    throw new TaipanError(
      'USAGE',
      'taipan setup-server needs a folder: taipan setup-server DIR TARGET',
    )
  const { layer } = line
  const folder = resolve(layer.directory, place)
  const plan = await loadCommandPlan(describeInput(line, environment))
  const control = join(folder, 'run/control.sock')
  const given = anchorPaths(layer.value, layer.directory)
  const home = plan.groups.every(({ group }) => group.engine === 'daemon')
    ? { home: layer.directory }
    : {}
  const config = { control: `unix:${control}`, ...home, ...given }
  const setup: ServerSetup = {
    folder,
    name: basename(folder),
    command: COMMAND,
    control: readControl(config),
    user: isRoot() ? undefined : userInfo().username,
  }
  const files = new Map([
    [CONFIG_NAME, `${JSON.stringify(config, undefined, 2)}\n`],
    [SCRIPT, formatControlScript(setup)],
    [`${setup.name}.service`, formatUnit(setup)],
  ])
  writeFiles(folder, files)
  process.stdout.write(describeFiles(setup))
  for (const path of listMissing(plan))
    process.stderr.write(`warning: there is no file ${path} yet; "taipanctl check" tells more\n`)
  return 0
}

/** Files of applications that are still to come, as far as their names tell that they are files. */
function listMissing({ groups }: ServerPlan): string[] {
  return (
    groups
      .flatMap(({ group }) => group.applications)
      .flatMap((one) => (one.kind === 'target' ? [resolve(one.directory, one.target)] : []))
      // What follows a colon behind .wsgi is mostly that of a module.
      .map((path) => path.replace(/\.py:[^/]*$/, '.py'))
      .filter((path) => /\.(?:py|wsgi)$/.test(path) && !existsSync(path))
  )
}

function readControl({ control }: { readonly control: unknown }): string {
  if (typeof control === 'string' && /^unix:[^?]+$/.test(control)) return control
  throw new TaipanError('USAGE', '--control: a server that a script controls needs a unix:PATH')
}

/** Never over files that are there: somebody may have changed them. */
function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  const existing = [...files.keys()].find((name) => existsSync(join(folder, name)))
  if (existing !== undefined)
    throw new TaipanError(
      'USAGE',
      `${join(folder, existing)} exists already; remove it, or name another folder`,
    )
  try {
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of files) writeFileSync(join(folder, name), text, { flag: 'wx' })
    chmodSync(join(folder, SCRIPT), 0o755)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TaipanError('USAGE', `${folder} cannot be written: ${reason}`)
  }
}

function describeFiles({ folder, name }: ServerSetup): string {
  return `${join(folder, CONFIG_NAME)} is the configuration.
${join(folder, SCRIPT)} controls the server: start, stop, restart, reload, status, check.
${join(folder, `${name}.service`)} is a unit of systemd:
  systemctl enable --now ${join(folder, `${name}.service`)}
`
}
