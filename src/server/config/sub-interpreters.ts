import type { PythonChoice } from '../../backends/discover/find-python.ts'
import { TaipanError } from '../../core/errors.ts'
import { ISOLATIONS } from '../../core/isolation.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import type { GroupPlan } from './resolved.ts'

/** Oldest Python whose sub-interpreters have locks of their own. */
const OLDEST = [3, 12] as const
const MAIN = 'main'

/** The sub-interpreter of an application; undefined: the main interpreter. */
export function resolveInterpreter({
  interpreter,
}: FullConfig['apps'][string]): string | undefined {
  return interpreter === MAIN ? undefined : interpreter
}

/** Reports applications that cannot run in a sub-interpreter. */
export function checkInterpreters(plans: readonly GroupPlan[], problems: Problems): void {
  for (const { group } of plans)
    for (const { name, interface: called, interpreter } of listNamed(group)) {
      const where = ['apps', name, 'interpreter']
      if (interpreter === '')
        problems.add(where, `is empty; give the sub-interpreter a name, or leave the option out`)
      if (group.engine === 'embedded')
        problems.add(
          where,
          `sub-interpreters run in worker processes, and group ${JSON.stringify(group.name)} is embedded; put the application into a group with the engine "daemon"`,
        )
      if (called === 'asgi')
        problems.add(
          where,
          'sub-interpreters serve WSGI alone; leave the option out, and give the ASGI application a group of its own',
        )
    }
}

/** Throws CONFIG_INVALID if a group needs sub-interpreters that its Python does not have. */
export function validateSubInterpreters(
  group: Pick<ProcessGroup, 'applications' | 'isolation'>,
  { path, reason, version }: Pick<PythonChoice, 'path' | 'reason' | 'version'>,
): void {
  const wish = describeWish(group)
  if (wish === undefined || isNewEnough(version)) return
  throw new TaipanError(
    'CONFIG_INVALID',
    `${wish.what} needs Python ${OLDEST.join('.')} or newer, and ${path} (${reason}) is ${version}: name another Python with "python", or ${wish.instead}`,
  )
}

interface Wish {
  readonly what: string
  readonly instead: string
}

function describeWish(group: Pick<ProcessGroup, 'applications' | 'isolation'>): Wish | undefined {
  const levels = ISOLATIONS.filter((level) => level !== 'interpreter').map((level) => `"${level}"`)
  const others = `${levels.slice(0, -1).join(', ')} or ${levels.at(-1)}`
  if (group.isolation === 'interpreter') {
    const names = group.applications.map(({ name }) => name).join(', ')
    return {
      what: `the isolation "interpreter" of ${names}`,
      instead: `choose another isolation: ${others}`,
    }
  }
  const [first] = listNamed(group)
  return (
    first && {
      what: `apps.${first.name}.interpreter`,
      instead: `leave the option out, and give the application a group of its own, which has processes of its own (scripts have the isolation ${others}, too)`,
    }
  )
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

function listNamed({ applications }: Pick<ProcessGroup, 'applications'>) {
  return applications.flatMap((one) =>
    'interpreter' in one && one.interpreter !== undefined ? [one] : [],
  )
}
