import { findPython, type PythonChoice } from '../backends/discover/find-python.ts'
import type { AppLoggers } from './app.ts'
import type { GroupPlan, ServerPlan } from './config/resolved.ts'
import { validateSubInterpreters } from './config/sub-interpreters.ts'
import { reportLoading } from './report-plan.ts'

/** Finds the Python for a process group, with the plan's environment. Rejects with `PYTHON_NOT_FOUND` or `CONFIG_INVALID`. */
export async function choosePython(group: GroupPlan, plan: ServerPlan): Promise<PythonChoice> {
  const choice = await findPython({
    explicit:
      group.python === undefined ? undefined : { named: group.python, source: group.pythonSource },
    directory: group.pythonDirectory,
    cwd: plan.directory,
    environment: plan.environment,
    account: group.group.confinement?.account,
  })
  validateSubInterpreters(group.group, choice)
  return choice
}

/** A process group with the interpreter that was found for it. */
export interface ChosenGroup extends GroupPlan {
  readonly python: string
}

/**
 * As `choosePython` for all groups, unless the parent process has chosen. Logs what they begin to load with it, with a
 * warning for each broken environment that was passed over.
 */
export async function choosePythons(
  plan: ServerPlan,
  { logger, startIsTold = false }: Pick<AppLoggers, 'logger' | 'startIsTold'>,
): Promise<ChosenGroup[]> {
  if (startIsTold && plan.groups.every(isChosen)) return [...plan.groups]
  const choose = async (group: GroupPlan) => ({ group, choice: await choosePython(group, plan) })
  const chosen = await Promise.all(plan.groups.map(choose))
  const told = new Set<string>()
  for (const { path: python, reason, tried } of chosen.map(({ choice }) => choice))
    for (const { path, reason: because, refusal, broken } of tried) {
      if (!broken || told.has(path)) continue
      told.add(path)
      logger.warn(
        { python: path, reason: because, refusal },
        `${path} (${because}) ${refusal}; taking ${python} (${reason})`,
      )
    }
  for (const { group, choice } of chosen) reportLoading(group, choice, logger)
  return chosen.map(({ group, choice }) => ({ ...group, python: choice.path }))
}

function isChosen(group: GroupPlan): group is ChosenGroup {
  return group.python !== undefined
}
