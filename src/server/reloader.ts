import { existsSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import type { FSWatcher } from 'chokidar'
import { pathBelow } from '../core/path-below.ts'
import type { Logger } from '../core/logger.ts'
import type { Service } from '../core/service.ts'
import { isEnvFile, judgeCode, judgeFile, judgeScript, type Effect } from './changes.ts'
import { createMatcher } from './glob.ts'
import type { ServerPlan, WatchPlan } from './config/resolved.ts'
import { RestlessFiles } from './restless-files.ts'

/** What to do after a change. */
export interface ReloaderActions {
  readonly logger: Logger
  readonly reload: () => Promise<void>
  /** Pages in browsers load again. `reload` sees to that itself. */
  readonly refresh: () => void
  /** Applies a changed configuration file, and reloads; undefined: that needs a restart. */
  readonly reconfigure?: (() => Promise<void>) | undefined
}

/** What to watch, and what to do after a change. */
export interface ReloaderOptions extends ReloaderActions {
  readonly watched: WatchPlan
  readonly configFile: string | undefined
}

const IGNORED = new Set(['node_modules', '__pycache__', 'site-packages'])
// Waits until all writes of an editor or a checkout have happened.
const QUIET_MS = 120

/** The reloader of a plan, not started; undefined if the plan has none. */
export function createReloader(plan: ServerPlan, actions: ReloaderActions): Reloader | undefined {
  const { watched, configFile } = plan
  if (!plan.reload || listWatched(watched).length === 0) return undefined
  return new Reloader({ watched, configFile, ...actions })
}

/** Reloads, or lets pages load again, when files change, and logs the result. */
export class Reloader implements Service {
  readonly #options: ReloaderOptions
  readonly #includes: (path: string) => boolean
  readonly #excludes: (path: string) => boolean
  readonly #changes = new Map<string, Effect>()
  readonly #restless = new RestlessFiles()
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #reloads = 0
  #stopped = false

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#includes = createMatcher(options.watched.include)
    this.#excludes = createMatcher(options.watched.exclude)
  }

  async start(): Promise<void> {
    if (this.#watcher !== undefined) return
    const { watched, configFile, logger } = this.#options
    // A pattern may name a single file, also outside of these folders.
    const files = [...watched.include, ...watched.files].filter((path) => existsSync(path))
    const paths = [...listWatched(watched), ...files]
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
      this.#note(path)
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

  #isIgnored(path: string, isFile: boolean | undefined): boolean {
    const inside = this.#locate(path)
    if (inside === undefined || inside === '') return false
    const name = basename(path)
    if (this.#excludes(inside)) return true
    if (isFile !== false && this.#includes(inside)) return false
    if ((name.startsWith('.') && !isEnvFile(name)) || IGNORED.has(name)) return true
    if (isFile === true) return this.#judge(path, inside) === undefined
    return isFile === false && existsSync(join(path, 'pyvenv.cfg'))
  }

  /** The path below a watched folder, which itself may be anywhere; undefined if it is in none. */
  #locate(path: string): string | undefined {
    return listWatched(this.#options.watched)
      .map((folder) => pathBelow(folder, path))
      .find((way) => way !== undefined)
  }

  #judge(path: string, inside = this.#locate(path)): Effect | undefined {
    const { dev, files, served, scripts } = this.#options.watched
    if (inside === undefined || files.includes(path) || this.#includes(inside)) return 'reload'
    if (isBelow(path, scripts)) return dev ? judgeScript(inside) : undefined
    const effect = dev ? judgeFile(inside) : judgeCode(inside)
    // What the server reads for each request is new at once.
    return isBelow(path, served) && effect === 'reload' && judgeCode(inside) === undefined
      ? 'refresh'
      : effect
  }

  #note(path: string): void {
    const { logger, configFile, reconfigure } = this.#options
    if (path === configFile && reconfigure === undefined) {
      logger.warn({ path }, `${basename(path)} has changed; restart to apply it`)
      return
    }
    const effect = path === configFile ? 'reload' : this.#judge(path)
    if (effect === undefined) return
    this.#changes.set(path, effect)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#act(), QUIET_MS)
  }

  async #act(): Promise<void> {
    if (this.#stopped) return
    const { logger } = this.#options
    const { calm, found } = this.#restless.sift(this.#changes.keys())
    const first = calm.find((path) => this.#changes.get(path) === 'reload')
    const path = first ?? calm[0]
    const { configFile } = this.#options
    const isConfigured = configFile !== undefined && this.#changes.has(configFile)
    this.#changes.clear()
    for (const one of found) this.#tellRestless(one)
    if (path === undefined) return
    const doing = first === undefined ? 'pages load again' : 'reloading'
    logger.info({ path }, `${nameFile(path)} has changed: ${doing}`)
    if (first === undefined) this.#options.refresh()
    else await this.#reload(isConfigured)
    this.#restless.settle()
  }

  async #reload(isConfigured: boolean): Promise<void> {
    const { logger, reload, reconfigure = reload } = this.#options
    const number = ++this.#reloads
    // The outcome of one that a newer one has taken over is told by that; another configuration stops this reloader.
    const isLast = (): boolean => number === this.#reloads && (isConfigured || !this.#stopped)
    try {
      await (isConfigured ? reconfigure() : reload())
      if (isLast()) logger.info({}, 'reloaded')
    } catch (error) {
      if (isLast()) logger.error({}, error instanceof Error ? error.message : String(error))
    }
  }

  #tellRestless(path: string): void {
    const name = nameFile(path)
    this.#options.logger.warn(
      { path },
      `${name} changes each time that its change has had an effect, so something writes it itself: it does not count until it rests; --reload-exclude ${basename(path)} leaves it out`,
    )
  }
}

function listWatched({ folders, served, scripts, dev }: WatchPlan): readonly string[] {
  return dev ? [...folders, ...served, ...scripts] : [...folders, ...served]
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => pathBelow(folder, path) !== undefined)
}

function nameFile(path: string): string {
  return relative(process.cwd(), path)
}
