import { PYISAPIE_OPTION } from './pyisapie-option.ts'
import { createLegacyAnswerer, resolveLegacyPlan, type LegacyPlan } from './legacy-plan.ts'
import { defineRouteKind } from './route-kind.ts'
import { SCRIPT_OPTIONS } from './script-options.ts'

/** `pyisapie`: the module of a PyISAPIe site. */
export const PYISAPIE_ROUTE = defineRouteKind({
  options: { pyisapie: PYISAPIE_OPTION, ...SCRIPT_OPTIONS },
  resolve(route, context): LegacyPlan | undefined {
    const { directory } = route.pyisapie ?? { directory: '' }
    return resolveLegacyPlan(
      { kind: 'pyisapie', key: 'pyisapie', directory, fallthrough: true },
      context,
    )
  },
  createAnswerer: createLegacyAnswerer,
})
