import { chmod, cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { fetchRaw, type RawRequest, type RawResponse } from '../support/raw-client.ts'
import { hasApache, startApache, type Apache } from './support/apache.ts'
import { makeFolder } from './support/folder.ts'
import { SITES, startSite, type Site } from './support/site.ts'

type Answer = Readonly<Record<string, unknown>>

/** What is meant to differ from Apache, and why. */
type Difference = readonly [reason: string, ours: Answer]

interface Row {
  readonly name: string
  readonly request?: RawRequest
  /** As a program of a `cgi` route. */
  readonly program?: Difference
  /** As a script in the interpreter; false: it is none. */
  readonly script?: Difference | false
}

const SAME =
  'hello status number local moved repeated crlf untyped nocontent notmodified environment unread large binary exits stderr form'

const TEXT = 'text/plain; charset=utf-8'
const HTML = 'text/html; charset=utf-8'
const ABSENT: Difference = [
  'another page of the server',
  { text: 'Not Found\n', 'content-type': [TEXT] },
]
const BAD: Difference = [
  'a malformed answer of a program is a 502',
  { status: 502, text: 'Bad Gateway\n', 'content-type': [TEXT] },
]
const FAILED: Difference = [
  'another page of the server',
  { text: 'Internal Server Error\n', 'content-type': [TEXT] },
]
const NO_PAGE: Difference = ['a redirect has no page', { text: '', 'content-type': undefined }]

const ROWS: readonly Row[] = SAME.split(' ')
  .map((name): Row => ({ name }))
  .concat([
    { name: 'hello', request: { method: 'HEAD' } },
    { name: 'local', request: { method: 'POST', body: 'lost' } },
    { name: 'absolute', program: NO_PAGE, script: NO_PAGE },
    {
      name: 'environment',
      request: {
        method: 'PUT',
        target: '/a%20b/%C3%A9/c?x=%20y&z',
        headers: [
          ['X-Mine', 'mine'],
          ['Cookie', 'a=1; b=2'],
          ['Authorization', 'Basic eDp5'],
          ['Proxy', 'http://evil.example'],
          ['Content-Type', 'x/y'],
        ],
        body: 'abc',
      },
    },
    { name: 'body', request: { method: 'POST', body: 'stressed'.repeat(40_000) } },
    { name: 'body', request: { method: 'POST', body: '' } },
    { name: 'unread', request: { method: 'POST', body: 'x'.repeat(300_000) } },
    { name: 'form', request: { target: '?a=1&a=%C3%A9&b=' } },
    {
      name: 'form',
      request: {
        method: 'POST',
        target: '?q=1',
        headers: [['Content-Type', 'application/x-www-form-urlencoded']],
        body: 'a=1&a=%C3%A9+x&b=',
      },
    },
    { name: 'shell', request: { method: 'POST', target: '/p?a+b', body: 'input' }, script: false },
    { name: 'nph-raw', script: false },
    { name: 'fails', program: BAD, script: FAILED },
    { name: 'empty', program: BAD, script: FAILED },
    { name: 'broken', program: BAD, script: FAILED },
    {
      name: 'bare',
      program: BAD,
      script: [
        'what begins with no field is a page',
        { status: 200, text: '<p>hello</p>\n', 'content-type': [HTML] },
      ],
    },
    {
      name: 'continued',
      program: BAD,
      script: [
        'older scripts continue lines',
        {
          status: 200,
          text: 'body\n',
          'content-type': ['text/plain'],
          'x-one': ['first second'],
        },
      ],
    },
    {
      name: 'late',
      script: ['what fails is cut off, so that nobody takes it for the whole', { complete: false }],
    },
    { name: 'loop', program: FAILED, script: FAILED },
    {
      name: 'plain',
      program: [
        'a file that is not executable is a 403',
        { status: 403, text: 'Forbidden\n', 'content-type': [TEXT] },
      ],
      script: false,
    },
    { name: 'absent', program: ABSENT, script: ABSENT },
  ])

const FIELDS = ['content-type', 'location', 'set-cookie', 'x-one', 'x-target', 'etag']

function answerOf(answer: RawResponse): Answer {
  const { status, body, complete } = answer
  const fields = FIELDS.map((name) => {
    const values = answer.headers(name)
    // Other fields than cookies are the same in one line and in several.
    return [
      name,
      name === 'set-cookie' || values.length < 2 ? values : [values.join(', ')],
    ] as const
  })
  const text = body.length > 10_000 ? `${body.length} bytes` : body.toString('latin1')
  return {
    status,
    text,
    complete,
    ...Object.fromEntries(fields.filter(([, values]) => values.length > 0)),
  }
}

describe.skipIf(!hasApache('cgi', 'alias'))('CGI programs beside those of Apache', () => {
  let apache: Apache
  let site: Site

  beforeAll(async () => {
    const folder = await makeFolder()
    await chmod(folder, 0o755)
    const root = join(folder, 'programs')
    await cp(join(SITES, 'cgi-programs'), root, { recursive: true })
    apache = await startApache({
      root,
      modules: ['cgi'],
      directory: ['Options +ExecCGI', 'AddHandler cgi-script .cgi'],
      more: [`Alias /program ${root}`, `Alias /script ${root}`],
    })
    const file = join(folder, 'taipan.config.json')
    const routes = [
      { path: '/program', cgi: root },
      { path: '/script', scripts: root, kinds: { '.cgi': 'script' } },
    ]
    await writeFile(file, JSON.stringify({ routes }))
    site = await startSite({ args: ['--config', file] })
  })
  afterAll(async () => {
    await site.stop()
    await apache.stop()
  })

  async function compare(
    path: string,
    { request, differs }: { request: RawRequest | undefined; differs: Difference | undefined },
  ): Promise<void> {
    const ask = async (url: string) =>
      answerOf(await fetchRaw(url, { ...request, target: path + (request?.target ?? '') }))
    const theirs = await ask(apache.url)
    expect(await ask(site.url)).toEqual({ ...theirs, ...differs?.[1] })
  }

  test.each(ROWS)('the program $name', async ({ name, request, program }) => {
    await compare(`/program/${name}.cgi`, { request, differs: program })
  })

  test.each(ROWS.filter(({ script }) => script !== false))(
    'the script $name',
    async ({ name, request, script }) => {
      await compare(`/script/${name}.cgi`, {
        request,
        differs: script === false ? undefined : script,
      })
    },
  )
})
