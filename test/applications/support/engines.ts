/** Where Python runs, in the words of the option. */
export type Engine = 'daemon' | 'embedded'

/** A way to start a site. */
export interface EngineUse {
  readonly engine: Engine
  /** Threads of WSGI applications. */
  readonly threads?: number
}

const chosen = process.env['TAIPAN_TEST_ENGINES']?.split(',')

/** The engines that applications are run in: all, or those that TAIPAN_TEST_ENGINES names. */
export const ENGINES: readonly Engine[] = (['daemon', 'embedded'] as const).filter(
  (engine) => chosen?.includes(engine) ?? true,
)

/** The words behind `taipan serve` that choose the engine. */
export function formatEngine({ engine, threads }: EngineUse): readonly string[] {
  return ['-e', engine, ...(threads === undefined ? [] : ['-t', String(threads)])]
}

/** The use as a person reads it. */
export function describeUse({ engine, threads }: EngineUse): string {
  return threads === undefined ? engine : `${engine}, ${threads} threads`
}
