import * as v from 'valibot'
import type { ExtensionRule } from '../../pipeline/scripts/script-folder.ts'
import { SCRIPT_KINDS, resolveKinds } from '../../pipeline/scripts/script-kinds.ts'
import { boolean, choice, recordOf, text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { formatPath } from '../option-types/problems.ts'
import { createCgiPlan, createProgramInvoke } from './cgi-route.ts'
import { FALLTHROUGH_OPTION } from './fallthrough-option.ts'
import { INDEX_OPTION, resolveIndex } from './index-option.ts'
import { defineRouteKind } from './route-kind.ts'
import { SCRIPT_OPTIONS } from './script-options.ts'
import { createFilesPlan } from './static-route.ts'

/** The scripts of a route. */
export interface ScriptsPlan {
  readonly root: string
  /** Name of the application that runs them. */
  readonly application: string
  readonly group: string
  readonly index: readonly string[]
  /** How files are run, by extension. */
  readonly kinds: Readonly<Record<string, string>>
  readonly extension: ExtensionRule
  /** What names nothing goes to the next route. */
  readonly fallthrough: boolean
}

const KIND_WORDS = `${SCRIPT_KINDS.map((kind) => `"${kind}"`).join(', ')}, a function like "pkg.mod:handle", or false`

const kindOrFalse = v.union(
  [
    v.picklist(SCRIPT_KINDS),
    v.pipe(v.string(KIND_WORDS), v.regex(/^[^:]+:./, KIND_WORDS)),
    v.literal(false),
  ],
  KIND_WORDS,
)

// Also where no kind of script has the extension.
const INDEX_PAGE = 'index.html'

// What Webware answers a folder by.
const WEBWARE_INDEX = ['index', 'Index', 'main', 'Main']

// What IIS answers a folder by.
const IIS_INDEX = ['default', 'Default']

/** `scripts`: the scripts and files of a folder. */
export const SCRIPTS_ROUTE = defineRouteKind({
  options: {
    scripts: optional(text, {
      description: 'Answerer: the scripts and files of this folder.',
      anchor: 'path',
    }),
    ...SCRIPT_OPTIONS,
    index: INDEX_OPTION,
    kinds: optional(recordOf(kindOrFalse, 'an object of extensions and kinds'), {
      description:
        'How files are run, by extension: { ".py": "script", ".psp": "psp", ".wsgi": "wsgi", ".cgi": "cgi" } and these; "cheetah" for templates of Cheetah, "servlet" for modules of Webware, "asp" for ASP pages in Python; a function like "pkg.mod:handle" answers all files of its extension; false to send them as text.',
    }),
    useCachingExec: optional(boolean, {
      description:
        'Compile scripts and pages once for each version of their files (true); false: at each request.',
    }),
    pspDialect: optional(choice(['mod_python', 'webware']), {
      description: 'Whose PSP the .psp pages are: mod_python (the default) or webware.',
    }),
    autoescape: optional(boolean, {
      description:
        'Escape what <%= %> writes as HTML (false); values with __html__, such as markupsafe.Markup, are taken as they are.',
    }),
    fallthrough: FALLTHROUGH_OPTION,
    extension: optional(choice(['shown', 'hidden', 'optional']), {
      description:
        'hidden: `/shop` finds shop.py, and `/shop.py` is redirected to it; optional: both find it; shown, the default: `/shop.py`.',
    }),
  },
  resolve(route, { where, applications, problems }): ScriptsPlan | undefined {
    const { scripts: root = '', index, extension, kinds } = route
    problems.checkFolder([...where, 'scripts'], root)
    for (const ending of Object.keys(kinds ?? {}))
      if (!/^\.[a-z0-9]+$/.test(ending))
        problems.add(
          [...where, 'kinds'],
          `${JSON.stringify(ending)} is no extension; write one like ".py", in lower case`,
        )
    const found = applications.find(({ key }) => key === formatPath(where))
    if (found === undefined) return undefined
    const usual = createScriptsPlan(root, found)
    const own = resolveKinds(kinds)
    return {
      ...usual,
      kinds: own,
      index: resolveIndex(index, listIndexFiles(own)),
      extension: extension ?? 'shown',
      fallthrough: route.fallthrough === true,
    }
  },
  async createAnswerer(
    { root, application, group, index, kinds, extension, fallthrough }: ScriptsPlan,
    context,
  ) {
    const { backends, gatherer, logger, redirects } = context
    const { createInvoke } = await import('../../pipeline/application.ts')
    const { createScriptsAnswerer } = await import('../../pipeline/scripts/scripts.ts')
    const { createStaticAnswerer } = await import('../../pipeline/static/static-files.ts')
    const upstream = backends.get(group)
    if (upstream === undefined) throw new Error(`no group ${group}`)
    return createScriptsAnswerer({
      root,
      application,
      index,
      kinds: new Map(Object.entries(kinds)),
      extension,
      invoke: createInvoke({ upstream, gatherer }),
      invokeProgram: await createProgramInvoke(createCgiPlan(root), context),
      redirects,
      files: createStaticAnswerer({ ...createFilesPlan(root), index, fallthrough: false, logger }),
      fallthrough,
    })
  },
})

/** Scripts of the short form, and of routes. */
export function createScriptsPlan(
  root: string,
  { name: application, group }: { readonly name: string; readonly group: string },
): ScriptsPlan {
  const kinds = resolveKinds()
  const index = listIndexFiles(kinds)
  return {
    root,
    application,
    group,
    index,
    kinds,
    extension: 'shown',
    fallthrough: false,
  }
}

function listIndexFiles(kinds: Readonly<Record<string, string>>): readonly string[] {
  const names = Object.values(kinds).includes('servlet') ? WEBWARE_INDEX : ['index']
  const scripts = names.flatMap((name) => Object.keys(kinds).map((ending) => name + ending))
  const pages = Object.entries(kinds).flatMap(([ending, kind]) =>
    kind === 'asp' ? IIS_INDEX.map((name) => name + ending) : [],
  )
  return [...pages, ...scripts, INDEX_PAGE]
}
