import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Application } from '../core/application.ts'
import { isServed, type Backend } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Logger } from '../core/logger.ts'
import { ChangedScript } from '../pipeline/changed-script.ts'
import type { Answerer } from '../pipeline/routes.ts'
import type { ServerPlan } from './config/resolved.ts'
import { nameTarget } from './config/target.ts'
import { reloadGroup, validateReloaded, type OnReload } from './reload-outcome.ts'

/** What checks of scripts need. */
export interface ScriptCheckOptions {
  readonly plan: ServerPlan
  readonly backends: ReadonlyMap<string, Backend>
  readonly logger: Logger
  /** Has the parent process replace this one, where Python cannot be loaded anew here; undefined: nobody can. */
  readonly onScriptChange?: ((path: string) => void) | undefined
  readonly onReload?: OnReload | undefined
}

/** Loads groups anew when a request finds the file of an application changed, as mod_wsgi does. */
export class ScriptChecks {
  readonly #options: ScriptCheckOptions
  readonly #scripts: { readonly group: string; readonly script: ChangedScript }[] = []

  constructor(options: ScriptCheckOptions) {
    this.#options = options
  }

  /** Looks at the file of an application, if it is named by one, before each request. */
  wrap(
    answer: Answerer,
    { app, group }: { readonly app: string; readonly group: string },
  ): Answerer {
    const path = this.#locate(app, group)
    const reload = path === undefined ? undefined : this.#createReload(path, { app, group })
    if (path === undefined || reload === undefined) return answer
    const script = new ChangedScript(path, reload)
    this.#scripts.push({ group, script })
    const backend = this.#options.backends.get(group)
    return (exchange, match, next) => {
      const loaded = isBroken(app, backend) ? script.renew() : script.check()
      if (loaded === undefined) answer(exchange, match, next)
      else void answerLater(loaded, exchange, () => answer(exchange, match, next))
    }
  }

  /** All groups, or one, are about to be loaded. */
  renew(group?: string): void {
    for (const one of this.#scripts)
      if (group === undefined || one.group === group) one.script.renew()
  }

  #locate(app: string, group: string): string | undefined {
    const { plan } = this.#options
    const found = plan.groups.find((one) => one.group.name === group)
    const application = found?.group.applications.find(({ name }) => name === app)
    return application && findScript(application, plan)
  }

  #createReload(
    path: string,
    { app, group }: { readonly app: string; readonly group: string },
  ): (() => Promise<void>) | undefined {
    const { plan, backends, onScriptChange } = this.#options
    const backend = backends.get(group)
    if (backend === undefined) return undefined
    if (backend.status.engine === 'daemon')
      return () => this.#reload(backend, { name: nameTarget(app, plan.directory), group, path })
    if (onScriptChange === undefined) return undefined
    return () => {
      onScriptChange(path)
      return Promise.resolve()
    }
  }

  async #reload(
    backend: Backend,
    { name, group, path }: { readonly name: string; readonly group: string; readonly path: string },
  ): Promise<void> {
    const { logger, plan, onReload } = this.#options
    this.renew(group)
    logger.info({ path, group }, `${name} has changed: reloading`)
    const reloading = reloadGroup(group, backend, plan.dev)
    onReload?.(reloading)
    try {
      validateReloaded([await reloading])
      logger.info({}, 'reloaded')
    } catch (error) {
      // After a stop, failures are its consequence.
      if (error instanceof TaipanError && error.code === 'STOPPING') return
      logger.error({}, error instanceof Error ? error.message : String(error))
    }
  }
}

async function answerLater(
  loaded: Promise<unknown>,
  { response }: Exchange,
  answer: () => void,
): Promise<void> {
  await loaded
  if (!response.finished) answer()
}

/** Workers look themselves whether what they could not load has changed, and others are started then. */
function isBroken(app: string, backend: Backend | undefined): boolean {
  const { failure, findings } = backend ?? {}
  if (failure !== undefined) return false
  return findings?.applications.some((one) => one.name === app && !isServed(one)) === true
}

/** The file that an application is named by and that requests look at; undefined: none. */
export function findScript(
  application: Application,
  { scriptReloading }: Pick<ServerPlan, 'scriptReloading'>,
): string | undefined {
  if (application.kind !== 'target' || !scriptReloading) return undefined
  const { target, directory, reloadOnModification, cacheCallables } = application
  // These look by themselves.
  if (reloadOnModification || !cacheCallables) return undefined
  const [place = target] = target.split(':')
  return [target, place].map((one) => resolve(directory, one)).find(isFile)
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
