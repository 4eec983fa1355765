import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import type {
  Application,
  ScriptsApplication,
  TargetApplication,
} from '../../src/core/application.ts'
import type { Backend } from '../../src/core/backend.ts'
import type { Exchange } from '../../src/core/exchange.ts'
import type { Logger } from '../../src/core/logger.ts'
import { NO_DEMANDS, type ProcessGroup } from '../../src/core/process-group.ts'
import type { Invocation } from '../../src/core/upstream.ts'
import { createInvocation } from '../../src/pipeline/scripts/invocation.ts'
import { ScriptFolder } from '../../src/pipeline/scripts/script-folder.ts'
import { resolveScriptOptions } from '../../src/server/config/script-options.ts'
import { selectWorkerOptions } from '../../src/server/options/group-options.ts'
import { GENERAL } from '../../src/server/options/table.ts'
import { startFront } from './front.ts'
import { pollUntil } from './raw-client.ts'

/** Folder of the applications that tests serve. */
const APPS = fileURLToPath(new URL('../fixtures/apps', import.meta.url))

/** Interpreter of the tests. */
export const PYTHON = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim()

/** A logged record. */
export interface LogRecord {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Options of the backend: parts of a process group. */
export interface LabOptions extends Partial<Omit<ProcessGroup, 'timeouts' | 'queue'>> {
  readonly timeouts?: Partial<ProcessGroup['timeouts']>
  readonly queue?: Partial<ProcessGroup['queue']>
  /** Source of `own.py`, which then is the application; of `lab.py` where scripts are served. */
  readonly own?: string
  /** Additional applications. */
  readonly besides?: readonly Application[]
}

/** Makes the backend under test. */
export type BackendFactory = (group: ProcessGroup, context: { readonly logger: Logger }) => Backend

/** An application of `backend_lab.py`, or of another file. */
export function labApplication(changes: Partial<TargetApplication> = {}): TargetApplication {
  return {
    kind: 'target',
    name: 'lab',
    interface: 'auto',
    target: 'backend_lab.py',
    callable: undefined,
    directory: APPS,
    cacheCallables: true,
    reloadOnModification: false,
    multithread: true,
    interpreter: undefined,
    ...changes,
  }
}

/** The folder of `lab.py`. */
export function labScripts(): ScriptsApplication {
  return {
    kind: 'scripts',
    name: 'lab',
    interface: 'script',
    root: path.join(APPS, 'scripts'),
    mount: '/',
    kinds: {},
    handlers: [],
    directory: APPS,
    isHandler: false,
    legacy: undefined,
    multithread: true,
    ...resolveScriptOptions({}),
  }
}

/** A backend with an HTTP front; the first segment of the path names the application, or a script. */
export class BackendLab {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'taipan-backend-'))
  readonly backend: Backend
  readonly records: LogRecord[] = []
  readonly exchanges: Exchange[] = []
  url = ''
  #stopFront: () => Promise<void> = async () => {}

  readonly #scripts: ScriptFolder | undefined

  constructor(createBackend: BackendFactory, options: LabOptions) {
    const group = this.#resolveGroup(options)
    this.#scripts = createScriptFolder(group)
    this.backend = createBackend(group, { logger: this.#createLogger() })
  }

  /** Opens the front; the test starts the backend. */
  async listen(): Promise<void> {
    const front = await startFront((exchange) => {
      this.exchanges.push(exchange)
      this.backend.run(exchange, this.#locate(exchange.request.path))
    })
    this.url = front.url
    this.#stopFront = () => front.stop()
  }

  #locate(target: string): Invocation {
    const found = this.#scripts?.find(target)
    if (found?.kind === 'script')
      return createInvocation(found, { application: 'lab', scriptName: '', rest: target })
    const [, application = '', pathInfo = ''] = /^\/([^/]*)(.*)$/.exec(target) ?? []
    return { application, scriptName: `/${application}`, pathInfo }
  }

  /** Changes the source of `own.py`. */
  writeOwn(source: string): void {
    this.write('own.py', source)
  }

  write(name: string, text: string | Uint8Array): string {
    const file = path.join(this.folder, name)
    writeFileSync(file, text)
    return file
  }

  /** Opens a gate for the requests that wait for it. */
  openGate(name: string): void {
    this.write(name, '')
  }

  /** Closes a gate: requests wait for it again. */
  closeGate(name: string): void {
    rmSync(path.join(this.folder, name))
  }

  journal(): string[] {
    try {
      return readFileSync(path.join(this.folder, 'journal'), 'utf8').trimEnd().split('\n')
    } catch {
      return []
    }
  }

  /** Waits until a line is in the journal that many times. */
  async waitForEntry(line: string, count = 1): Promise<void> {
    await pollUntil(
      () => this.journal().filter((entry) => entry === line).length >= count || undefined,
      `${line} in the journal`,
    )
  }

  /** Waits for a log record. */
  async waitForRecord(wanted: RegExp): Promise<LogRecord> {
    return await pollUntil(
      () => this.records.find(({ message }) => wanted.test(message)),
      `a record like ${wanted}`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend.stop()
    await this.#stopFront()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #createLogger(): Logger {
    const logAt = (level: keyof Logger) => (fields: LogRecord['fields'], message: string) =>
      void this.records.push({ level, fields, message })
    return {
      debug: logAt('debug'),
      output: logAt('output'),
      info: logAt('info'),
      warn: logAt('warn'),
      error: logAt('error'),
    }
  }

  #resolveGroup(options: LabOptions): ProcessGroup {
    const { own, applications } = options
    const [application] = applications ?? []
    if (own === undefined || application?.kind !== 'scripts') {
      if (own !== undefined) this.writeOwn(own)
      return resolveLabGroup(this.folder, options)
    }
    this.write('lab.py', own)
    const scripts = { ...application, root: this.folder }
    return resolveLabGroup(this.folder, { ...options, applications: [scripts] })
  }
}

function createScriptFolder({ applications }: ProcessGroup): ScriptFolder | undefined {
  const [application] = applications
  if (application?.kind !== 'scripts') return undefined
  const kinds = new Map([['.py', 'script']])
  return new ScriptFolder({ root: application.root, kinds, index: [], extension: 'hidden' })
}

export const LIMIT_NAMES = {
  startup: 'timeouts.startup',
  request: 'timeouts.request',
  ping: 'timeouts.ping',
  interrupt: 'interruptTimeout',
}

/** A complete process group from the options of a test, with `folder` as working directory. */
export function resolveLabGroup(folder: string, options: LabOptions = {}): ProcessGroup {
  const { timeouts, queue, environment, own, besides = [], ...rest } = options
  const ownApplication = { target: 'own.py', directory: folder }
  const group: Omit<ProcessGroup, 'workerOptions'> = {
    name: 'web',
    python: PYTHON,
    pythonArguments: [],
    confinement: undefined,
    scriptOwner: undefined,
    processes: 1,
    multiprocess: (options.processes ?? 1) > 1,
    threads: 2,
    mainThread: false,
    isolation: 'shared',
    engine: 'daemon',
    concurrency: 1000,
    loop: 'auto',
    cancelOnDisconnect: false,
    environment: { PATH: '/usr/bin:/bin', LAB_FOLDER: folder, ...environment },
    directory: folder,
    searchPath: [APPS],
    argv: ['backend_lab.py'],
    applications: [labApplication(own === undefined ? {} : ownApplication), ...besides],
    queue: { limit: 200, timeout: 0, ...queue },
    timeouts: { startup: 20_000, request: 0, shutdown: 5000, ping: 0, ...timeouts },
    buffers: { request: 65_536, response: 16 * 1024 * 1024, responseTotal: 256 * 1024 * 1024 },
    limitNames: LIMIT_NAMES,
    dev: false,
    startAnyway: false,
    demands: NO_DEMANDS,
    retries: true,
    maximumRequests: 0,
    maximumRequestsJitter: 0,
    restartInterval: 0,
    restartIntervalJitter: 0,
    interruptTimeout: 5000,
    inactivityTimeout: 0,
    cpuTimeLimit: 0,
    memoryLimit: {},
    ...rest,
  }
  return { ...group, workerOptions: selectWorkerOptions(GENERAL, group) }
}

/** A backend that listens and was not started. */
export async function openLab(
  createBackend: BackendFactory,
  options: LabOptions = {},
): Promise<BackendLab> {
  const lab = new BackendLab(createBackend, options)
  await lab.listen()
  return lab
}

/** A backend that listens and was started. Dispose of it with `await using`. */
export async function startLab(
  createBackend: BackendFactory,
  options: LabOptions = {},
): Promise<BackendLab> {
  const lab = await openLab(createBackend, options)
  await lab.backend.start()
  return lab
}
