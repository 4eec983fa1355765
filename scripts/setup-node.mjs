import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the clone. */
export const root = fileURLToPath(new URL('../', import.meta.url))

const oldest = [20, 19]
const stamp = join(root, 'node_modules/.cache/taipan-build')
const product = join(root, 'dist/cli/main.js')

/** Installs what is missing and builds what is outdated; on failure ends the process with the exit code of the tool. */
export function setUpNode() {
  checkNode()
  if (!isInstalled()) {
    say('installing the npm packages')
    npm('ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error')
  }
  const sources = hashSources()
  if (existsSync(product) && readText(stamp) === sources) return
  say('building')
  npm('run', '--silent', 'build')
  mkdirSync(join(stamp, '..'), { recursive: true })
  writeFileSync(stamp, sources)
}

/** Prints what happens next. */
export function say(text) {
  process.stderr.write(`taipan: ${text} …\n`)
}

/** Ends the process with a message. */
export function giveUp(message, exitCode = 1) {
  process.stderr.write(`taipan: ${message}\n`)
  process.exit(exitCode)
}

/** The text of a file; empty if it does not exist. */
export function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return
  giveUp(`Node.js ${oldest.join('.')} or newer is needed, this is ${process.versions.node}`)
}

/** Whether npm has installed everything in the lockfile. */
function isInstalled() {
  const installed = readText(join(root, 'node_modules/.package-lock.json'))
  if (installed === '') return false
  const present = JSON.parse(installed).packages
  const wanted = JSON.parse(readText(join(root, 'package-lock.json'))).packages
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version,
  )
}

function hashSources() {
  const hash = createHash('sha256')
  const add = (path) => {
    const { mtimeMs, size } = statSync(path)
    hash.update(`${path} ${mtimeMs} ${size}\n`)
  }
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json']) add(join(root, name))
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
  for (const path of paths.toSorted()) add(path)
  return hash.digest('hex')
}

function npm(...args) {
  const script = process.env['npm_execpath']
  const [command, ...first] = script?.endsWith('.js') ? [process.execPath, script] : ['npm']
  const { status, error } = spawnSync(command, [...first, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // `npm pack --dry-run` passes its option on to the programs it runs.
    env: { ...process.env, npm_config_dry_run: undefined },
  })
  if (error !== undefined) giveUp(`npm could not be run: ${error.message}`)
  if (status !== 0)
    giveUp(`npm ${args.filter((arg) => !arg.startsWith('-')).join(' ')} failed`, status ?? 1)
}
