import { loadEnvFile, mergeVariables } from './env-file.ts'
import type { GroupPlan, ServerPlan } from './resolved.ts'

/** The plan with the environment files as they are now. Throws `CONFIG_NOT_FOUND`. */
export function renewEnvironment(plan: ServerPlan): ServerPlan {
  if (plan.envFiles.length === 0) return plan
  const variables = { ...plan.environment, ...mergeVariables(plan.envFiles.map(loadEnvFile)) }
  const renew = ({ group, ...rest }: GroupPlan): GroupPlan => ({
    ...rest,
    group: { ...group, environment: { ...variables, ...rest.ownEnvironment } },
  })
  return { ...plan, groups: plan.groups.map(renew) }
}
