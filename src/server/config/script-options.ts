import type { ScriptOptions } from '../../core/application.ts'

/** Options of scripts as a route has them. */
export type GivenScriptOptions = {
  readonly [K in keyof ScriptOptions]?: ScriptOptions[K] | undefined
}

/** How the scripts of a route are run. */
export function resolveScriptOptions(given: GivenScriptOptions): ScriptOptions {
  return {
    attachStdio: given.attachStdio ?? true,
    setupCgiEnv: given.setupCgiEnv ?? true,
    useCachingExec: given.useCachingExec ?? true,
    installCachingExec: given.installCachingExec ?? false,
    pspDialect: given.pspDialect ?? 'mod_python',
    autoescape: given.autoescape ?? false,
    style: given.style ?? 'pywx',
    pools: given.pools ?? {},
    config: given.config ?? {},
  }
}
