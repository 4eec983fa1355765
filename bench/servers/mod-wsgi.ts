import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { APPLICATIONS } from '../environment/paths.ts'
import { Unavailable, type BenchServer, type LaunchContext } from './server.ts'

const APACHE = '/usr/sbin/apache2'
const MODULES = '/usr/lib/apache2/modules'
/** Threads of Apache; with fewer it closes connections that wait for a thread. */
const FRONT_THREADS = 64

/** Apache before one daemon process with threads. */
export const modWsgiDaemon: BenchServer = {
  name: 'mod-wsgi-daemon',
  title: 'mod_wsgi, daemon',
  distribution: 'mod_wsgi',
  launch: (context) =>
    createProgram(context, FRONT_THREADS, [
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
    createProgram(context, FRONT_THREADS, [
      `WSGIPythonHome ${dirname(context.bin)}`,
      `WSGIPythonPath ${APPLICATIONS}`,
    ]),
}

function createProgram(context: LaunchContext, threads: number, lines: readonly string[]) {
  if (!existsSync(APACHE)) throw new Unavailable('Apache is missing: install the package apache2')
  const path = join(context.scratch, 'apache.conf')
  const file = join(APPLICATIONS, `${context.module.replaceAll('.', '/')}.py`)
  writeFileSync(path, `${formatConfiguration(context, threads, file)}${lines.join('\n')}\n`)
  return {
    command: APACHE,
    args: ['-f', path, '-DFOREGROUND'],
    environment: context.environment,
  }
}

function formatConfiguration(context: LaunchContext, threads: number, file: string): string {
  return `ServerName 127.0.0.1
ServerRoot ${context.scratch}
DefaultRuntimeDir ${context.scratch}
PidFile ${context.scratch}/apache.pid
ErrorLog ${context.scratch}/apache.log
LogLevel warn
Listen 127.0.0.1:${context.port}
LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so
LoadModule authz_core_module ${MODULES}/mod_authz_core.so
LoadModule wsgi_module ${findModule(context.bin)}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
StartServers 1
ServerLimit 1
ThreadsPerChild ${threads}
MaxRequestWorkers ${threads}
MinSpareThreads 1
MaxSpareThreads ${threads}
AsyncRequestWorkerFactor 5000
KeepAlive On
KeepAliveTimeout 75
MaxKeepAliveRequests 0
WSGIApplicationGroup %{GLOBAL}
WSGIScriptAlias / ${file}
<Directory ${APPLICATIONS}>
  Require all granted
</Directory>
`
}

function findModule(bin: string): string {
  const program = join(bin, 'mod_wsgi-express')
  if (!existsSync(program)) throw new Unavailable('the Python package mod_wsgi is not installed')
  return execFileSync(program, ['module-location'], { encoding: 'utf8' }).trim()
}
