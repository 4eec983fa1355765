import { PYISAPIE_OPTION } from './pyisapie-option.ts'
import { createLegacyAnswerer, resolveLegacyPlan, type LegacyPlan } from './legacy-plan.ts'
import { defineRouteKind } from './route-kind.ts'
import { SCRIPT_OPTIONS } from './script-options.ts'

/** `pyisapie`: the module of a PyISAPIe site. */
export const PYISAPIE_ROUTE = defineRouteKind({
  options: { pyisapie: PYISAPIE_OPTION, ...SCRIPT_OPTIONS },
  resolve(route, context): LegacyPlan | undefined {
    const { directory, module, interpreterMap } = route.pyisapie ?? {}
    const { where, problems } = context
    const reason = checkModule(module ?? '')
    if (reason !== undefined) problems.add([...where, 'pyisapie', 'module'], reason)
    const isFunction = typeof interpreterMap === 'function'
    const fault = isFunction ? undefined : checkMap(interpreterMap)
    if (fault !== undefined) problems.add([...where, 'pyisapie', 'interpreterMap'], fault)
    return resolveLegacyPlan(
      {
        kind: 'pyisapie',
        key: 'pyisapie',
        directory,
        fallthrough: true,
        chooser: isFunction ? Number(where[1]) : undefined,
      },
      context,
    )
  },
  createAnswerer: createLegacyAnswerer,
})

const NAME = /^[A-Za-z_]\w*$/
const MODULE = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/

function checkModule(name: string): string | undefined {
  if (name.endsWith('.py'))
    return `is ${JSON.stringify(name)}; write the module's name, without .py`
  if (MODULE.test(name)) return undefined
  return `is ${JSON.stringify(name)}; write the name of a module, as in module: "Isapi" or "pkg.Isapi"`
}

function checkMap(map: string | undefined): string | undefined {
  if (map === undefined || NAME.test(map) || /^[^:]+:[^:]+$/.test(map)) return undefined
  return `is ${JSON.stringify(map)}; name a variable, as in "SCRIPT_NAME", or a function, as in "maps.py:choose"`
}
