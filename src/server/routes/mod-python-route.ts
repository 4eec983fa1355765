import { MOD_PYTHON_OPTION } from './mod-python-option.ts'
import { FALLTHROUGH_OPTION } from './fallthrough-option.ts'
import { createLegacyAnswerer, resolveLegacyPlan, type LegacyPlan } from './legacy-plan.ts'
import { defineRouteKind } from './route-kind.ts'
import { SCRIPT_OPTIONS } from './script-options.ts'

/** `modPython`: handlers of mod_python. */
export const MOD_PYTHON_ROUTE = defineRouteKind({
  options: { modPython: MOD_PYTHON_OPTION, ...SCRIPT_OPTIONS, fallthrough: FALLTHROUGH_OPTION },
  resolve(route, context): LegacyPlan | undefined {
    const { modPython, fallthrough = false } = route
    for (const [index, folder] of (modPython?.path ?? []).entries())
      context.problems.checkFolder([...context.where, 'modPython', 'path', String(index)], folder)
    return resolveLegacyPlan(
      { kind: 'mod_python', key: 'modPython', directory: modPython?.directory, fallthrough },
      context,
    )
  },
  createAnswerer: createLegacyAnswerer,
})
