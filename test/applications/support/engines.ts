/** Values of the engine option. */
export type Engine = 'daemon' | 'embedded'

/** A way to start a site. */
export interface EngineUse {
  readonly engine: Engine
  /** Threads of WSGI applications. */
  readonly threads?: number
}

const chosen = process.env['TAIPAN_TEST_ENGINES']?.split(',')

/** Engines to run the applications in: all, or those in TAIPAN_TEST_ENGINES. */
export const ENGINES: readonly Engine[] = (['daemon', 'embedded'] as const).filter(
  (engine) => chosen?.includes(engine) ?? true,
)

/** Arguments of `taipan serve` that select the engine. */
export function formatEngine({ engine, threads }: EngineUse): readonly string[] {
  return ['-e', engine, ...(threads === undefined ? [] : ['-t', String(threads)])]
}

/** Description for test names. */
export function describeUse({ engine, threads }: EngineUse): string {
  return threads === undefined ? engine : `${engine}, ${threads} threads`
}
