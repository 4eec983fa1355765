import { findPython, type PythonChoice } from '../backends/discover/find-python.ts'
import type { GroupPlan, ServerPlan } from './config/resolved.ts'

/** Finds the Python for a process group, with the plan's environment. Rejects with `PYTHON_NOT_FOUND`. */
export async function choosePython(group: GroupPlan, plan: ServerPlan): Promise<PythonChoice> {
  return await findPython({
    explicit: group.python,
    directory: group.pythonDirectory,
    cwd: plan.directory,
    environment: plan.environment,
  })
}
