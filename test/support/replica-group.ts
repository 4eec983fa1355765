import type { ReplicaGroup } from '../../src/replicas/replica-plan.ts'
import { labApplication, resolveLabGroup } from './backend-lab.ts'

/** A group of the plan of a replica, with applications of these names; `embedded` unless `changes` say otherwise. */
export function createReplicaGroup(
  name: string,
  names: readonly string[],
  changes: Partial<ReplicaGroup> = {},
): ReplicaGroup {
  const applications = names.map((one) => labApplication({ name: one }))
  return { ...resolveLabGroup('/', { name, engine: 'embedded', applications }), ...changes }
}
