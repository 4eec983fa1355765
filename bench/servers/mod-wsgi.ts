import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { APPLICATIONS } from '../environment/paths.ts'
import { createApache } from './apache.ts'
import { Unavailable, type BenchServer, type LaunchContext } from './server.ts'

/** Apache before one daemon process with threads. */
export const modWsgiDaemon: BenchServer = {
  name: 'mod-wsgi-daemon',
  title: 'mod_wsgi, daemon',
  distribution: 'mod_wsgi',
  launch: (context) =>
    createProgram(context, [
      `WSGIDaemonProcess bench processes=1 threads=${context.threads} python-home=${dirname(context.bin)} python-path=${APPLICATIONS}`,
      'WSGIProcessGroup bench',
      `WSGISocketPrefix ${context.scratch}/wsgi`,
    ]),
}

/** Python inside the only process of Apache, on Apache's threads. */
export const modWsgiEmbedded: BenchServer = {
  name: 'mod-wsgi-embedded',
  title: 'mod_wsgi, embedded',
  distribution: 'mod_wsgi',
  launch: (context) =>
    createProgram(context, [
      `WSGIPythonHome ${dirname(context.bin)}`,
      `WSGIPythonPath ${APPLICATIONS}`,
    ]),
}

function createProgram(context: LaunchContext, lines: readonly string[]) {
  const file = join(APPLICATIONS, `${context.module.replaceAll('.', '/')}.py`)
  return createApache(context, {
    modules: { wsgi_module: findModule(context.bin) },
    folder: APPLICATIONS,
    lines: ['WSGIApplicationGroup %{GLOBAL}', `WSGIScriptAlias / ${file}`, ...lines],
  })
}

function findModule(bin: string): string {
  const program = join(bin, 'mod_wsgi-express')
  if (!existsSync(program)) throw new Unavailable('the Python package mod_wsgi is not installed')
  return execFileSync(program, ['module-location'], { encoding: 'utf8' }).trim()
}
