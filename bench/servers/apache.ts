import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from '../measure/children.ts'
import { Unavailable, type LaunchContext } from './server.ts'

const APACHE = '/usr/sbin/apache2'
const MODULES = '/usr/lib/apache2/modules'
/** Threads of Apache's only process; with fewer it closes connections that wait for a thread. */
const THREADS = 64

/** What Apache serves, and how. */
export interface ApacheSite {
  /** Modules beside that of authorization: the path by name. */
  readonly modules: Readonly<Record<string, string>>
  /** As many processes as others have Python threads, instead of one process with threads. */
  readonly processes?: boolean
  /** Folder with what it serves. */
  readonly folder: string
  /** Lines of the configuration for `folder`. */
  readonly folderLines?: readonly string[]
  readonly lines: readonly string[]
}

/** Path of a module that Debian has. Throws `Unavailable`. */
export function findApacheModule(name: string, debianPackage: string): string {
  const path = join(MODULES, name)
  if (!existsSync(path))
    throw new Unavailable(`Apache has no ${name}: install the package ${debianPackage}`)
  return path
}

/** Starts Apache in the foreground. Throws `Unavailable`. */
export function createApache(context: LaunchContext, site: ApacheSite): Program {
  if (!existsSync(APACHE)) throw new Unavailable('Apache is missing: install the package apache2')
  const path = join(context.scratch, 'apache.conf')
  writeFileSync(path, formatConfiguration(context, site))
  return {
    command: APACHE,
    args: ['-f', path, '-DFOREGROUND'],
    environment: context.environment,
  }
}

function formatConfiguration(context: LaunchContext, site: ApacheSite): string {
  const { scratch, port } = context
  const model = chooseModel(context, site.processes === true)
  const modules = {
    authz_core_module: join(MODULES, 'mod_authz_core.so'),
    ...model.modules,
    ...site.modules,
  }
  return `ServerName 127.0.0.1
ServerRoot ${scratch}
DefaultRuntimeDir ${scratch}
PidFile ${scratch}/apache.pid
ErrorLog ${scratch}/apache.log
LogLevel warn
Listen 127.0.0.1:${port}
${Object.entries(modules)
  .map(([name, file]) => `LoadModule ${name} ${file}\n`)
  .join('')}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
${model.lines}
KeepAlive On
KeepAliveTimeout 75
MaxKeepAliveRequests 0
<Directory ${site.folder}>
  Require all granted
${site.folderLines?.join('\n') ?? ''}
</Directory>
${site.lines.join('\n')}
`
}

function chooseModel({ threads }: LaunchContext, processes: boolean) {
  const name = processes ? 'prefork' : 'event'
  return {
    modules: { [`mpm_${name}_module`]: join(MODULES, `mod_mpm_${name}.so`) },
    lines: processes ? formatPrefork(threads) : EVENT,
  }
}

function formatPrefork(processes: number): string {
  return `StartServers ${processes}
ServerLimit ${processes}
MaxRequestWorkers ${processes}
MinSpareServers 1
MaxSpareServers ${processes}`
}

const EVENT = `StartServers 1
ServerLimit 1
ThreadsPerChild ${THREADS}
MaxRequestWorkers ${THREADS}
MinSpareThreads 1
MaxSpareThreads ${THREADS}
AsyncRequestWorkerFactor 5000`
