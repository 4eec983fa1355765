import { cp, chmod } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startApache, hasApache, type Apache } from './support/apache.ts'
import { Browser, type Page, type Visit } from './support/browser.ts'
import { makeFolder } from './support/folder.ts'
import { SITES, startSite, type Site } from './support/site.ts'

const PAGES = join(SITES, 'mod-python-pages')

interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly location: string | null
  readonly fields: readonly (string | null)[]
  readonly text: string
}

/** A request, and what is meant to differ, with the reason. */
interface Row {
  readonly path: string
  readonly visit?: Visit
  readonly differs?: readonly [reason: string, ours: Partial<Answer>]
}

const NEUTRAL = { text: 'Internal Server Error\n', type: 'text/plain; charset=utf-8' }
const PLAIN = 'globals unnamed status head empty template blocks writes fields sends imports'

const ROWS: readonly Row[] = PLAIN.split(' ')
  .map((name): Row => ({ path: `/${name}.psp` }))
  .concat([
    { path: '/request.psp/x%20y?q=1' },
    {
      path: '/form.psp?a=1&a=%3C%C3%A9&b=',
      differs: [
        'Python 3 breaks it there: fields of a query are named by their values',
        {
          status: 200,
          text: "['1', '<é']  default True False 2 [] none ['', '1', '<é'] [''] 1  None\n",
          type: 'text/html; charset=utf-8',
        },
      ],
    },
    { path: '/form.psp', visit: { body: new URLSearchParams({ a: 'body', b: 'x y' }) } },
    { path: '/form.psp', visit: { body: multipart({ a: 'é', b: '' }) } },
    { path: '/body.psp', visit: { body: 'some bytes' } },
    { path: '/body.psp', visit: { method: 'DELETE' } },
    { path: '/status.psp', visit: { method: 'HEAD' } },
    { path: '/fails.psp', differs: ['another page of the server', NEUTRAL] },
    { path: '/broken.psp', differs: ['another page of the server', NEUTRAL] },
    {
      path: '/handled.psp',
      differs: [
        'there the text before stays, and here the status is that of a failure',
        { text: 'error: ZeroDivisionError division by zero', status: 500 },
      ],
    },
    {
      path: '/handled-root.psp',
      differs: [
        'there the text before stays, and here the status is that of a failure',
        { text: 'sub: KeyError', status: 500 },
      ],
    },
    {
      path: '/redirect.psp',
      differs: ['Python 3 breaks it there: the page of a 500 follows the text', { text: '' }],
    },
    {
      path: '/permanent.psp',
      differs: ['Python 3 breaks it there: the page of a 500 follows the text', { text: '' }],
    },
    {
      path: '/gone.psp',
      differs: [
        'Python 3 breaks it there: SERVER_RETURN becomes a 500',
        { status: 404, text: 'Not Found\n', type: 'text/plain; charset=utf-8' },
      ],
    },
    {
      path: '/absent.psp',
      differs: [
        'Python 3 breaks it there: SERVER_RETURN becomes a 500',
        { status: 404, text: 'Not Found\n', type: 'text/plain; charset=utf-8' },
      ],
    },
    {
      path: '/done.psp',
      differs: [
        'Python 3 breaks it there: SERVER_RETURN becomes a 500',
        { status: 200, text: 'before', type: 'text/html; charset=utf-8' },
      ],
    },
    {
      path: '/exits.psp',
      differs: ['an end is no error', { status: 200, text: 'x', type: 'text/html; charset=utf-8' }],
    },
    {
      path: '/apply.psp?b=1&c=2',
      differs: ['there req goes by another way', { text: "['b', 'c', 'req']" }],
    },
  ])

/** Pages that one client visits in this order. */
const SESSION_STEPS =
  'facts set?x facts other fail facts redirect facts timeout facts reload facts unlock facts kinds facts delete facts set?y deleteandset facts invalidate facts facts invalidate other'

function multipart(fields: Record<string, string>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return form
}

function answerOf({ status, headers, text }: Page): Answer {
  const fields = ['x-a', 'x-e', 'x-both', 'x-number'].map((name) => headers.get(name))
  return {
    status,
    // That the text is UTF-8 is said here only.
    type: headers.get('content-type')?.replace(/^text\/html$/, 'text/html; charset=utf-8'),
    location: headers.get('location'),
    fields,
    text,
  }
}

describe.skipIf(!hasApache('python'))('pages in the dialect of mod_python', () => {
  let apache: Apache
  let site: Site

  beforeAll(async () => {
    const folder = await makeFolder()
    await chmod(folder, 0o755)
    const root = join(folder, 'pages')
    await cp(PAGES, root, { recursive: true })
    const directory = ['AddHandler mod_python .psp', 'PythonHandler mod_python.psp']
    apache = await startApache({
      root,
      modules: ['python'],
      directory: [...directory, 'AcceptPathInfo On'],
    })
    site = await startSite({ args: [root] })
  })
  afterAll(async () => {
    await site.stop()
    await apache.stop()
  })

  test.each(ROWS)('$path is what mod_python makes of it', async ({ path, visit, differs }) => {
    const ask = async (url: string) => answerOf(await new Browser(url).visit(path, visit))
    const theirs = await ask(apache.url)
    expect(await ask(site.url)).toEqual({ ...theirs, ...differs?.[1] })
  })

  test('sessions are what mod_python makes of them', async () => {
    const [there, here] = [new Browser(apache.url), new Browser(site.url)]
    for (const step of SESSION_STEPS.split(' ')) {
      const ask = async (browser: Browser) => {
        const { status, text } = await browser.visit(`/session/${step.replace(/\?|$/, '.psp$&')}`)
        return [step, status, status === 200 ? text : '', browser.cookies.size]
      }
      const theirs = await ask(there)
      expect(await ask(here)).toEqual(theirs)
    }
  })
})
