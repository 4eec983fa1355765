import { basename, extname } from 'node:path'

/** What a change of a file needs: other processes, or only that pages in browsers load again. */
export type Effect = 'reload' | 'refresh'

/** What Python runs. */
const CODE = listNames('.py .wsgi .ptl')

/** What a process reads once and keeps: templates, translations, settings. */
const KEPT = listNames(`
  .html .htm .djhtml .jinja .jinja2 .j2 .mako .mak .psp .tmpl .tpl .pt .zpt .chtml .mustache
  .mo .ftl
  .toml .ini .cfg .yaml .yml
`)

/** Parts of folders of scripts besides those. */
const SCRIPTS = listNames('.cgi .inc .asp .asa')

/** What browsers ask for. */
const STATIC = listNames(`
  .css .js .mjs .map .wasm .webmanifest
  .svg .png .jpg .jpeg .gif .webp .avif .ico
  .woff .woff2 .ttf .otf
`)

const TEMPLATE_FOLDERS = listNames('templates jinja2')
/** What an application or a tool fills. */
const FILLED_FOLDERS = listNames('media upload uploads staticfiles htmlcov')
const ENV_FILE = /^\.(?:env(?:\.[\w-]+)?|flaskenv)$/
/** What editors write beside a file. */
const BESIDE = /^\.#|^#.*#$|~$|\.(?:swp|swo|swx|tmp|bak|orig)$/

/** Whether a file or folder is looked at in spite of the dot at the beginning of its name. */
export function isEnvFile(name: string): boolean {
  return ENV_FILE.test(name) && !BESIDE.test(name)
}

/** What a change of Python code needs, by its path; undefined for other files. */
export function judgeCode(path: string): Effect | undefined {
  return CODE.has(extname(path).toLowerCase()) ? 'reload' : undefined
}

/** What a change needs in a folder whose files are looked at for each request, while it is developed. */
export function judgeScript(path: string): Effect | undefined {
  const isScript = SCRIPTS.has(extname(path).toLowerCase())
  return judgeFile(path) === undefined && !isScript ? undefined : 'refresh'
}

/** What a change of any file of a project needs while it is developed, by its path below the watched folder. */
export function judgeFile(path: string): Effect | undefined {
  const name = basename(path)
  if (BESIDE.test(name)) return undefined
  const extension = extname(name).toLowerCase()
  if (CODE.has(extension) || isEnvFile(name)) return 'reload'
  const folders = path.split(/[/\\]/).slice(0, -1)
  if (folders.some((folder) => FILLED_FOLDERS.has(folder))) return undefined
  if (STATIC.has(extension)) return 'refresh'
  const isTemplate = folders.some((folder) => TEMPLATE_FOLDERS.has(folder))
  return isTemplate || KEPT.has(extension) ? 'reload' : undefined
}

function listNames(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}
