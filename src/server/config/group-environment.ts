import { loadEnvFiles } from './env-file.ts'
import type { GroupPlan, ServerPlan } from './resolved.ts'

/** The plan with the environment files as they are now. Throws `CONFIG_NOT_FOUND`. */
export function renewEnvironment(plan: ServerPlan): ServerPlan {
  if (plan.envFiles.length === 0) return plan
  const { variables } = loadEnvFiles(plan.envFiles, plan.environment)
  const groups = plan.groups.map((group) => ({
    ...group,
    group: { ...group.group, environment: mergeEnvironment(variables, group.ownEnvironment) },
  }))
  return { ...plan, groups }
}

/** The environment of a group: variables of the process and of environment files, and those that the configuration names. */
export function mergeEnvironment(
  variables: Readonly<Record<string, string>>,
  own: GroupPlan['ownEnvironment'],
): Readonly<Record<string, string>> {
  return { ...variables, ...own }
}
