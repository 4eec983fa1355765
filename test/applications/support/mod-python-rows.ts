import type { RawRequest } from '../../support/raw-client.ts'

/** What is compared of an answer. */
export interface Answer {
  readonly status: number
  /** Fields but those that the server itself adds, in the order of each name. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  readonly text: string
}

/** Stands for the text of an error answer of a server itself. */
export const PAGE = '(a page of the server)'

/** What is meant to differ, with the reason. A field that is not sent is undefined. */
type Difference = readonly [reason: string, ours: Partial<Answer>]

/** A request of the table. */
export interface Row extends RawRequest {
  readonly target: string
  readonly differs?: Difference | undefined
}

/** Name of a request, as in {@link DIFFERENCES}. */
export function formatRow({ method = 'GET', target, headers = [], body }: Row): string {
  const more = headers.map(([name, value]) => ` ${name}: ${value}`).join('')
  return `${method} ${target}${more}${body === undefined ? '' : ' with a body'}`
}

const FORM = ['Content-Type', 'application/x-www-form-urlencoded'] as const
const PARTS = ['Content-Type', 'multipart/form-data; boundary=XX'] as const
const ORIGIN = 'Sun, 09 Sep 2001 01:46:40 GMT'
const BEFORE = 'Sat, 08 Sep 2001 01:46:40 GMT'

function list(folder: string, names: string): Row[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => ({ target: `/${folder}/${name}` }))
}

function basic(user: string, password = 'spam'): readonly (readonly [string, string])[] {
  return [['Authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`]]
}

function part(head: string, body: string): string {
  return `--XX\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`
}

const BODY = 'one\ntwo lines\nthree'

const HANDLERS: readonly Row[] = [
  ...list(
    'h',
    `facts facts/ facts/y%20z/w?a=1&b=%20 facts.ext/x facts%2e/%41 ./facts/../facts dir none
     finfo connection config urls requires environ/pi?x=1 tables more_tables
     ok nothing typed typed_by_headers both_typed returns_none_alone returns_text returns_true
     returns_404 returns_status?200 returns_status?302 returns_status?304 returns_status?99
     returns_status?600 returns_status?400 returns_status?503 sets_status?201 sets_status?404
     status_line both_headers late_header raises server_return?404 server_return?0
     server_return?-2 server_return?-1 server_return_pair server_return_ok_pair
     server_return_none server_return_text done done_status declined writes counts length
     no_body not_modified lf_in_header crlf_in_err_header crlf_in_type
     bad_header_name latin_header set_cookie_twice sends_file validators conditions
     conditions_mtime allows allows_reset method_number parses redirects redirects_permanent
     prints redirects_text redirects_after location_alone location_err location_out internal
     internal_written internal_missing internal_static logs cleanup output_filter
     module_functions trace form?aa=1&aa=2&bb=&cc=%C3%A9+x form?aa=1&bb=&keep=1 attributes
     returns_none returns_404_written raises_written exits declined_written redirects_written`,
  ),
  { target: '/h//facts//x' },
  {
    target: '/h/headers_in',
    headers: [
      ['x-ONE', '1'],
      ['X-Two', 'a'],
    ],
  },
  ...['If-Modified-Since', 'If-Unmodified-Since'].flatMap((name) =>
    [ORIGIN, BEFORE].map((value) => ({
      target: '/h/conditions',
      headers: [[name, value] as const],
    })),
  ),
  ...['"one"', '"two"', '*', 'W/"one"'].flatMap((value) =>
    ['If-None-Match', 'If-Match'].map((name) => ({
      target: '/h/conditions',
      headers: [[name, value] as const],
    })),
  ),
  { target: '/h/conditions', method: 'POST', body: '', headers: [['If-None-Match', '"one"']] },
  { target: '/h/conditions_mtime', headers: [['If-Modified-Since', ORIGIN]] },
  ...['ok', 'length_alone', 'method_number', 'returns_404'].map((name) => ({
    target: `/h/${name}`,
    method: 'HEAD',
  })),
  ...['FOO', 'OPTIONS', 'PUT'].map((method) => ({ target: '/h/method_number', method })),
  ...'reads reads_lines reads_hint reads_mixed walks_lines remaining discards unread'
    .split(' ')
    .flatMap((name) => [
      { target: `/h/${name}` },
      { target: `/h/${name}`, method: 'POST', body: BODY },
    ]),
  { target: '/h/form?query=1', method: 'POST', headers: [FORM], body: 'body=2&query=3&blank=' },
  { target: '/h/form', method: 'POST', body: 'body=2&query=3' },
  { target: '/h/form', method: 'PUT', headers: [FORM], body: 'body=2' },
  { target: '/h/form', method: 'POST', headers: [['Content-Type', 'text/plain']], body: 'b=2' },
  {
    target: '/h/form',
    method: 'POST',
    headers: [['Content-Type', 'multipart/form-data']],
    body: 'b=2',
  },
  { target: '/h/two_forms?aa=1', method: 'POST', headers: [FORM], body: 'body=2' },
  {
    target: '/h/form?xx=1',
    method: 'POST',
    headers: [PARTS],
    body: `${part('name="text"', 'va\r\nlue')}${part('name="upload"; filename="b.txt"', 'file')}${part('name="none"; filename=""', '')}--XX--\r\n`,
  },
]

const PUBLISHED: readonly Row[] = [
  ...list(
    'pub',
    `index index.py index/other other other/ nosuch caught caught/a/b path path/a/b/c path/a.b
     path/_x deep deep/ deep/other deep/index.py/other noindex/ noindex/only noindex/x
     dotted.name dotted.name.py page.html things things/ things// things.py things.py/text
     things.pyc things.html things.txt/text fails fails/x mail mail/email
     guarded guarded/index guarded/_private guarded/nosuch guards/by_function guards/by_dict
     guards/by_constant guards/by_true guards/access_list guards/access_constant
     guards/access_true guards/access_function guards/realm_alone guards/guarded
     guards/guarded/page guards/guarded/text guards/denied guards/denied/text
     visits/bad visits/parse visits/text visits/sets visits/bad_sid visits/cookie_lines`,
  ),
  { target: '/pub/' },
  ...list(
    'pub/things',
    `text number real none listed mapping page upper long_page early_end accents empty false raw
     _private __secret builtin method_of_text lambda_ index function function?name=N%C3%A9
     function/attribute function/__code__ function/func_code inner silent writes
     writes_and_returns typed required required?name=aa required?name=aa&other=bb
     required?name=aa&other=bb&more=cc defaults defaults?name= keywords?second=2&first=1
     several?item=11 several?item=11&item=22 only_req form_of?aa=1 without_req without_req?aa=1
     where where/ where?xx=1 fails not_found elsewhere status Class Class/attribute Class/method
     instance instance/text instance/_hidden instance/method instance/method?name=zz
     instance/shown instance/of_class instance/static instance/__class__ instance/nosuch plain
     plain/text bound module module/path text/upper listed/append mapping/keys nosuch //text
     text// instance//text instance/./text instance.text function.attribute %5fprivate
     text%2fupper text%00 none/x number/real os apache util`,
  ),
  ...['HEAD', 'PUT', 'DELETE', 'OPTIONS'].map((method) => ({ target: '/pub/things/text', method })),
  { target: '/pub/things/text', method: 'POST', headers: [['Content-Type', 'text/x']], body: 'a' },
  {
    target: '/pub/things/only_req',
    method: 'POST',
    headers: [['Content-Type', 'text/x']],
    body: 'a',
  },
  { target: '/pub/things/required?name=qq', method: 'POST', headers: [FORM], body: 'other=bb' },
  { target: '/pub/things/several?item=qq', method: 'POST', headers: [FORM], body: 'item=bb' },
  ...['guarded', 'guarded/_private', 'guards/by_dict', 'guards/guarded/page'].map((name) => ({
    target: `/pub/${name}`,
    headers: basic('eggs'),
  })),
  { target: '/pub/guarded', headers: basic('joe') },
  {
    target: '/pub/visits/cookie_lines',
    headers: [['Cookie', 'one=1; two="a; b"; $Path=/; three; four=x=y']],
  },
  { target: '/pub/visits/one', headers: [['Cookie', 'one=1; two=2']] },
]

const OTHERS: readonly Row[] = [
  ...list(
    'cg',
    'plain plain.py plain/pi?a=1 status location crlf gateway fails exits fresh nosuch',
  ),
  { target: '/cg/echo', method: 'POST', body: 'posted' },
  ...list('ws', 'created fails none writes cookies iterated length x/y%20z?q=1 x//y'),
  { target: '/ws/' },
  { target: '/ws/echo', method: 'POST', body: 'posted' },
  ...list('ex', 'file.a nofile.a file.a/pi file.txt file.b file.A x. x'),
  ...list('ob', 'file.a file.txt file.b nofile.a nofile.b'),
  ...list('de', 'page.txt page.txt?early page.txt/x none sub/ sub sub/x.txt declining.py'),
  { target: '/de/page.txt', method: 'HEAD' },
  { target: '/de/page.txt', headers: [['Range', 'bytes=2-4']] },
  ...list('od', 'x?0 x?-1 x?-2 x?404 x?302 x?200'),
  ...list('ps', 'plain.psp nosuch.psp'),
]

const PHASED: readonly Row[] = [
  { target: '/ph/x' },
  ...'header access type fixup handler'
    .split(' ')
    .flatMap((phase) =>
      '-1 403 -2 raise none r404 302'
        .split(' ')
        .flatMap((value) => [{ target: `/ph/x?${phase}=${value}` }]),
    ),
  { target: '/au/x' },
  ...['eggs', 'declined', 'raises', 'forbidden', 'renamed'].map((user) => ({
    target: '/au/x',
    headers: basic(user),
  })),
  { target: '/au/x', headers: basic('eggs', 'bad') },
  { target: '/au/x', headers: [['Authorization', 'Basic !!!']] },
  { target: '/au/x', headers: [['Authorization', 'Bearer abc']] },
  { target: '/az/x' },
  { target: '/az/x', headers: basic('eggs') },
  { target: '/az/x', headers: basic('joe') },
]

const FILTERED: readonly Row[] = [
  ...'capitalize by_line facts passes unclosed headed small writes_text keeps Keptrun'
    .split(' ')
    .flatMap((filter) =>
      ['x', 'flushed', 'nothing', 'length', 'missing', 'raises'].map((name) => ({
        target: `/fi/${filter}/${name}`,
      })),
    ),
  ...['lower', 'in_lines'].flatMap((filter) =>
    ['body', 'lines'].map((name) => ({
      target: `/fi/I${filter}/${name}`,
      method: 'POST',
      body: 'One\nTWO\nThree',
    })),
  ),
]

const PLAIN = { 'content-type': ['text/plain'] }
const BROKEN_FILTERS = 'their read(n) and readline() give other memory there'
const NO_BASIC = 'without mod_auth_basic there is no challenge there'
const FIELD_NAMES = 'Python 3 breaks it there: names of one letter, or those of a POST'
const DECODING = 'Python 3 breaks it there: credentials are a 400'
const SUPPOSED = 'the server refuses dot segments before it looks for a route'

function text(reason: string, ours: string): Difference {
  return [reason, { text: ours }]
}

/** A page of the server with this status. */
function page(reason: string, status: number, fields: Answer['fields'] = {}): Difference {
  return [reason, { status, fields, text: PAGE }]
}

function answer(reason: string, ours: string, fields: Answer['fields'] = PLAIN): Difference {
  return [reason, { status: 200, fields, text: ours }]
}

const EGGS = 'Authorization: Basic ZWdnczpzcGFt'
const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded'
const REFUSED = { 'www-authenticate': ['Basic realm="staff"'] }

/** By {@link formatRow}. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'GET /h/./facts/../facts': page(SUPPOSED, 404),
  'GET /pub/things/instance/./text': page(SUPPOSED, 404),
  'GET /h/finfo': answer(
    'Python 3 breaks it there: the tuple of a file that does not exist is too short',
    "0 0 None None\n0 1 2 13\n'/h/finfo' None\n",
  ),
  'GET /h/returns_status?200': text('a 200 is no error', ''),
  'GET /od/x?200': text('a 200 is no error', 'first '),
  'GET /h/done_status': ['418 is no status of Apache', { status: 418 }],
  'GET /h/internal': page('the request before is another one for the server', 500),
  'GET /h/internal_written': text('what was sent stands, and the target cannot follow', 'before '),
  'GET /h/form?aa=1&aa=2&bb=&cc=%C3%A9+x': text(
    FIELD_NAMES,
    "[('aa', '1'), ('aa', '2'), ('cc', 'é x')]\n",
  ),
  'GET /h/form?aa=1&bb=&keep=1': text(FIELD_NAMES, "[('aa', '1'), ('bb', ''), ('keep', '1')]\n"),
  'POST /h/form?xx=1 Content-Type: multipart/form-data; boundary=XX with a body': text(
    FIELD_NAMES,
    "[('xx', '1'), ('text', 'va\\r\\nlue'), ('upload', 'file'), ('none', '')]\n",
  ),
  'FOO /h/method_number': [
    'the server knows the methods itself',
    { status: 501, fields: PLAIN, text: 'Not Implemented: the request method is not supported\n' },
  ],
  'POST /h/remaining with a body': text(
    'there it is known after the first read, and does not go down',
    '19 0\n17 2\n',
  ),
  'POST /h/form Content-Type: text/plain with a body': page('no method was named', 501),
  'POST /pub/things/only_req Content-Type: text/x with a body': page(
    'the method is one that is allowed',
    501,
  ),
  'GET /pub/visits/sets': [
    'browsers know max-age only',
    {
      fields: {
        'cache-control': ['no-cache="set-cookie"'],
        'content-type': ['text/plain'],
        'set-cookie': [
          'plain=value',
          'full=v w; version=1; path=/x; domain=example.com; secure; comment=c; expires=Thu, 01-Jan-1970 00:00:00 GMT; max-age=5; httponly',
          'attrs=v; path=/; expires=Sun, 09-Sep-2001 01:46:40 GMT',
        ],
      },
    },
  ],
  'GET /pub/things/raw': text('bytes are sent as they are', 'bytes'),
  'GET /pub/things/text%2fupper': page('an encoded slash divides like any other', 403),
  'GET /pub/things/number/real': page('it is documented so: nobody walks into numbers', 403),
  [`POST /pub/things/required?name=qq ${FORM_TYPE} with a body`]: answer(FIELD_NAMES, 'qq bb'),
  [`POST /pub/things/several?item=qq ${FORM_TYPE} with a body`]: text(FIELD_NAMES, 'list'),
  [`GET /pub/guarded ${EGGS}`]: answer(DECODING, 'inside'),
  [`GET /pub/guarded/_private ${EGGS}`]: page(DECODING, 403),
  [`GET /pub/guards/by_dict ${EGGS}`]: answer(DECODING, 'by dict'),
  [`GET /pub/guards/guarded/page ${EGGS}`]: answer(DECODING, 'page'),
  'GET /pub/guarded Authorization: Basic am9lOnNwYW0=': page(DECODING, 401, {
    'www-authenticate': ['Basic realm="Members"'],
  }),
  'GET /cg/location': ['a Location alone is a redirect, as documented', { status: 302 }],
  'GET /cg/gateway': text('it is documented so', 'CGI/1.1 None\n'),
  'POST /cg/echo with a body': answer('Python 3 breaks it there: the body is bytes', 'posted\n'),
  'GET /ws/created': ['its handler loses the status', { status: 201 }],
  'GET /ws/none': ['its handler loses the status', { status: 204 }],
  'GET /ws/': ['the type of a folder is none of a response', { fields: PLAIN }],
  'GET /ex/file.b': [
    'files always have a type',
    { fields: { 'content-type': ['application/octet-stream'] } },
  ],
  'GET /ob/file.txt': ['endings of files say nothing of what handlers write', { fields: {} }],
  'GET /de/declining.py': page('sources are never sent', 404),
  'GET /au/x': page(NO_BASIC, 401, REFUSED),
  'GET /au/x Authorization: Basic ZWdnczpiYWQ=': page(NO_BASIC, 401, REFUSED),
  'GET /au/x Authorization: Basic !!!': page(NO_BASIC, 401, REFUSED),
  'GET /au/x Authorization: Bearer abc': page(NO_BASIC, 401, REFUSED),
  'GET /az/x': page(NO_BASIC, 401, REFUSED),
  'GET /fi/by_line/x': text(BROKEN_FILTERS, '> some\n> text\n> in lines'),
  'GET /fi/small/x': text(BROKEN_FILTERS, 'som|e\nt|ext|\nin| li|nes|'),
  'GET /fi/small/flushed': text(BROKEN_FILTERS, 'one|\n|two|\n|'),
  'GET /fi/small/length': text(BROKEN_FILTERS, 'nin|e h|ere|'),
  'POST /fi/Iin_lines/body with a body': text(BROKEN_FILTERS, 'ONE\nTWO\nTHREE'),
  'POST /fi/Iin_lines/lines with a body': text(BROKEN_FILTERS, "[b'ONE\\n', b'TWO\\n', b'THREE']"),
}

/** All requests of the table. */
export const ROWS: readonly Row[] = [
  ...HANDLERS,
  ...PUBLISHED,
  ...OTHERS,
  ...PHASED,
  ...FILTERED,
].map((row) => ({ ...row, differs: DIFFERENCES[formatRow(row)] }))
