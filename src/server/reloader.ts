import { existsSync } from 'node:fs'
import { basename, extname, join, relative } from 'node:path'
import type { FSWatcher } from 'chokidar'
import type { Logger } from '../core/logger.ts'
import type { Service } from '../core/service.ts'
import { createMatcher } from './glob.ts'
import type { ServerPlan, WatchPlan } from './config/resolved.ts'

/** What to watch, and what to do after a change. */
export interface ReloaderOptions {
  readonly watched: WatchPlan
  /** A change is only logged, because it needs a restart. */
  readonly configFile: string | undefined
  readonly reload: () => Promise<void>
  readonly logger: Logger
}

const EXTENSIONS = new Set(['.py', '.wsgi', '.ptl'])
const IGNORED = new Set(['node_modules', '__pycache__', 'site-packages'])
// Waits until all writes of an editor or a checkout have happened.
const QUIET_MS = 120

/** The reloader of a plan, not started; undefined if the plan has none. */
export function createReloader(
  plan: ServerPlan,
  { logger, reload }: Pick<ReloaderOptions, 'logger' | 'reload'>,
): Reloader | undefined {
  const { watched, configFile } = plan
  if (!plan.reload || watched.folders.length === 0) return undefined
  return new Reloader({ watched, configFile, logger, reload })
}

/** Reloads when Python sources change, and logs the result. */
export class Reloader implements Service {
  readonly #options: ReloaderOptions
  readonly #includes: (path: string) => boolean
  readonly #excludes: (path: string) => boolean
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#includes = createMatcher(options.watched.include)
    this.#excludes = createMatcher(options.watched.exclude)
  }

  async start(): Promise<void> {
    if (this.#watcher !== undefined) return
    const { watched, configFile, logger } = this.#options
    const { folders, include } = watched
    // A pattern may name a single file, also outside of these folders.
    const paths = [...folders, ...include.filter((path) => existsSync(path))]
    if (configFile !== undefined) paths.push(configFile)
    const { watch } = await import('chokidar')
    if (this.#stopped) return
    const watcher = watch(paths, {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path, stats) => path !== configFile && this.#isIgnored(path, stats?.isFile()),
    })
    this.#watcher = watcher
    watcher.on('all', (event, path) => {
      if (event === 'addDir' || event === 'unlinkDir') return
      this.#changed(path)
    })
    watcher.on('error', (error) => {
      const reason = error instanceof Error ? error.message : String(error)
      logger.warn({ reason }, `cannot watch all files, so changes may be missed: ${reason}`)
    })
    await new Promise<void>((resolve) => {
      watcher.once('ready', resolve)
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#watcher?.close()
  }

  /** Considers only the path below the watched folder, which itself may be anywhere. */
  #isIgnored(path: string, isFile: boolean | undefined): boolean {
    const inside = this.#options.watched.folders
      .map((folder) => relative(folder, path))
      .find((way) => !way.startsWith('..'))
    if (inside === undefined || inside === '') return false
    const name = basename(path)
    if (this.#excludes(inside)) return true
    if (isFile !== false && this.#includes(inside)) return false
    if (name.startsWith('.') || IGNORED.has(name)) return true
    if (isFile === true) return !EXTENSIONS.has(extname(name))
    return isFile === false && existsSync(join(path, 'pyvenv.cfg'))
  }

  #changed(path: string): void {
    const { logger, configFile } = this.#options
    if (path === configFile) {
      logger.warn({ path }, `${basename(path)} has changed; restart to apply it`)
      return
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#stopped) return
      logger.info({ path }, `${relative(process.cwd(), path)} has changed: reloading`)
      this.#options.reload().then(
        () => logger.info({}, 'reloaded'),
        (error: unknown) => {
          if (this.#stopped) return
          logger.error({}, error instanceof Error ? error.message : String(error))
        },
      )
    }, QUIET_MS)
  }
}
