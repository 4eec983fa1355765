import { appendFile, cp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser, type Page, type Visit } from './support/browser.ts'
import { makeFolder } from './support/folder.ts'
import { run } from './support/run.ts'
import { PYTHON, SITES, startSite, type Site } from './support/site.ts'

const PAGES = join(SITES, 'webware-pages')

/** A request, and what is meant to differ: what Webware itself answers becomes what is answered here. */
interface Row {
  readonly path: string
  readonly visit?: Visit
  /** The reason comes with it. */
  readonly differs?: readonly [reason: string, change: (theirs: Answer) => Partial<Answer>]
}

interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly location: string | null
  readonly cookies: readonly string[]
  readonly text: string
}

const post = (fields: Record<string, string>): Visit => ({ body: new URLSearchParams(fields) })

const PLAIN =
  'bare content body members formatter braces keep includes forward keyerror head redirect seeother permanent located refused ended ended2 reset actions calls functions'

const OWN_EXAMPLES = [
  ...['Hello', 'Braces', 'PSPTests', 'PSPTests-Braces', 'index'].map(
    (name) => `/PSP/Examples/${name}`,
  ),
  ...['', 'Simple', 'Simple.py', 'Simple/extra', 'CountVisits', 'Forward', 'IncludeMe'].map(
    (name) => `/Examples/${name}`,
  ),
  ...[
    'ListBox',
    'ListBox?_action_=x',
    'Colors',
    'Colorize',
    'Error',
    'View',
    'AjaxSuggest?a=x',
  ].map((name) => `/Examples/${name}`),
  ...['JSONRPCClient', 'FileUpload', 'OtherFileTypes', 'Welcome'].map(
    (name) => `/Examples/${name}`,
  ),
]

const ROWS: readonly Row[] = PLAIN.split(' ')
  .map((name): Row => ({ path: `/${name}.psp` }))
  .concat([
    { path: '/request.psp?a=1&a=2&b=&c=%C3%A9' },
    { path: '/request.psp?b=query', visit: post({ a: 'é & <b>', b: '', c: '1' }) },
    {
      path: '/request.psp/more/path?x',
      visit: {
        headers: { cookie: 'c=1; d="a b"; c=2', 'x-mine': 'm', 'accept-language': 'de, en;q=0.5' },
      },
      differs: [
        'there a quoted value, as setCookie itself writes it, keeps its quotes',
        ({ text }) => ({ text: text.replace(`'"a b"'`, `'a b'`) }),
      ],
    },
    { path: '/request.psp', visit: { method: 'HEAD' } },
    { path: '/request.psp', visit: { method: 'PUT', body: '{}' } },
    { path: '/includes.psp?a=%3C' },
    { path: '/Info' },
    { path: '/Info.py/more/path?a=1&a=2' },
    { path: '/Info', visit: post({ a: 'é' }) },
    { path: '/Info', visit: { method: 'DELETE' } },
    { path: '/Life' },
    { path: '/Life', visit: post({}) },
    { path: '/Life', visit: { method: 'PUT', body: 'x' } },
    { path: '/Acts' },
    { path: '/Acts?_action_add=&a=1' },
    { path: '/Acts?_action_=ADD' },
    { path: '/Acts?_action_fail' },
    { path: '/Acts?_action_fail=1' },
    { path: '/Acts?_action_drop=1' },
    { path: '/Acts', visit: post({ _action_add: '', a: '2' }) },
    { path: '/Calls' },
    { path: '/Calls?go=Side' },
    { path: '/Calls?go=Ends' },
    { path: '/Side' },
    { path: '/Ends' },
    { path: '/Ends?to=see' },
    { path: '/Ends?to=permanent' },
    { path: '/Ends?to=http://elsewhere.test/' },
    { path: '/Dated' },
    {
      path: '/Dated',
      visit: { headers: { 'if-modified-since': 'Sun, 09 Sep 2001 01:46:40 GMT' } },
    },
    { path: '/actions.psp?_action_save=1' },
    { path: '/actions.psp?_action_=save' },
    { path: '/actions.psp?_action_drop.x=1' },
    {
      path: '/cookies.psp',
      differs: [
        'there a number becomes no date, and a forgotten cookie has the value None',
        ({ cookies }) => ({
          cookies: cookies.map((one) =>
            one
              .replace(/expires=time\.struct_time\(.*\)/, 'expires=Sun, 09 Sep 2001 01:46:40 GMT')
              .replace('gone=None', 'gone=""'),
          ),
        }),
      ],
    },
    {
      path: '/notfound.psp',
      differs: [
        'there it is a page of the server',
        () => ({ text: expect.stringContaining('<p>no &lt;such&gt; thing</p>') }),
      ],
    },
    {
      path: '/fails.psp',
      differs: [
        'there it is a page of the server',
        () => ({ text: 'Internal Server Error\n', type: 'text/plain; charset=utf-8' }),
      ],
    },
  ])
  .concat(
    ['add', 'gone', 'other', 'system.listMethods'].map((method) => ({
      path: '/Rpc',
      visit: {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id: 1, method, params: [2] }),
      },
    })),
  )

function answerOf({ status, headers, text }: Page): Answer {
  return {
    status,
    // That the text is UTF-8 is said here only.
    type: headers.get('content-type')?.replace(/^text\/html$/, 'text/html; charset=utf-8'),
    location: headers.get('location'),
    cookies: headers.getSetCookie(),
    text,
  }
}

describe('pages in the dialect of Webware', () => {
  let site: Site

  beforeAll(async () => {
    const folder = await makeFolder()
    await run(join(dirname(PYTHON), 'webware'), ['make', '-c', 'Pages', folder])
    await rm(join(folder, 'Pages'), { recursive: true })
    await cp(PAGES, join(folder, 'Pages'), { recursive: true })
    await writeFile(join(folder, 'Pages/__init__.py'), '')
    await appendFile(join(folder, 'Configs/Application.config'), 'ExtraPathInfo = True\n')
    const config = {
      // Modules of Webware are not to be found where our pages run.
      groups: { theirs: {}, ours: {} },
      apps: { webware: { target: join(folder, 'Scripts/WSGIScript.py'), group: 'theirs' } },
      routes: [
        { path: '/theirs', app: 'webware' },
        {
          path: '/own',
          scripts: await collectExamples(join(folder, 'examples')),
          group: 'ours',
          pspDialect: 'webware',
          kinds: { '.py': 'servlet' },
          extension: 'optional',
        },
        {
          path: '/ours',
          scripts: PAGES,
          group: 'ours',
          pspDialect: 'webware',
          kinds: { '.py': 'servlet' },
          extension: 'optional',
        },
        { path: '/safe', scripts: PAGES, group: 'ours', pspDialect: 'webware', autoescape: true },
      ],
    }
    await writeFile(join(folder, 'taipan.config.json'), JSON.stringify(config))
    site = await startSite({ args: ['--config', join(folder, 'taipan.config.json')] })
  })
  afterAll(async () => {
    await site.stop()
  })

  test.each(ROWS)('$path is what Webware makes of it', async ({ path, visit, differs }) => {
    const ask = async (prefix: string) =>
      answerOf(await new Browser(site.url).visit(prefix + path, visit))
    const theirs = await ask('/theirs')
    expect(await ask('/ours')).toEqual({ ...theirs, ...differs?.[1](theirs) })
  })

  test.each(OWN_EXAMPLES)('its own example %s is what Webware makes of it', async (name) => {
    const ask = async (prefix: string) => {
      const { status, text } = await new Browser(site.url).visit(`${prefix}${name}`)
      const content = /<div id="Content">[^]*/.exec(text)?.[0] ?? text
      // The environ has more names here, and other values.
      const same = content.replace(/<table><tr[^\n]*REQUEST_METHOD.*/, '')
      return `${status} ${same.replaceAll(prefix, '').replaceAll(/\d\d:\d\d:\d\d/g, 'now')}`
    }
    const theirs = await ask('/theirs')
    expect(theirs).toMatch(/^200 </)
    expect(await ask('/own')).toBe(theirs)
  })
})

/** Makes a folder of Webware's own examples and the module that they take its version from. */
async function collectExamples(folder: string): Promise<string> {
  const found = await run(PYTHON, [
    '-c',
    'import importlib.util as u; print(u.find_spec("webware").submodule_search_locations[0])',
  ])
  const webware = found.trim()
  for (const name of ['PSP/Examples', 'Examples', 'Properties.py'])
    await cp(join(webware, name), join(folder, name), { recursive: true })
  await writeFile(join(folder, 'PSP/__init__.py'), '')
  return folder
}
