import type { Workload } from './workload.ts'

const MEGABYTE = 1024 * 1024

/** Size of the downloaded body in bytes. */
export const DOWNLOAD_SIZE = 100 * MEGABYTE

const BLOCK_SIZE = 64 * 1024

const PROTOCOL_NAMES = { fastcgi: 'FastCGI', scgi: 'SCGI', uwsgi: 'uwsgi', http: 'HTTP' }

const GET = { path: '/', connections: 32, upload: 0, interface: 'wsgi' } as const
const ASGI = { ...GET, interface: 'asgi' } as const

/** As many requests at a time as elsewhere. */
const HTTP2 = { transport: 'http2', connections: 8, streams: 4 } as const

const HELLO = { module: 'hello', expected: 'Hello, World!' }
const HELLO_ASGI = { module: 'hello_asgi', expected: 'Hello, World!' }

const TRANSPORTS: readonly Workload[] = [
  { ...GET, ...HELLO, name: 'tls-hello', title: 'Hello by TLS, 13 bytes', transport: 'https' },
  {
    ...ASGI,
    ...HELLO_ASGI,
    name: 'tls-hello-asgi',
    title: 'Hello by TLS and ASGI, 13 bytes',
    transport: 'https',
  },
  { ...GET, ...HELLO, ...HTTP2, name: 'http2-hello', title: 'Hello by HTTP/2, 13 bytes' },
  {
    ...ASGI,
    ...HELLO_ASGI,
    ...HTTP2,
    name: 'http2-hello-asgi',
    title: 'Hello by HTTP/2 and ASGI, 13 bytes',
  },
]

const GATEWAYS = (['fastcgi', 'scgi', 'uwsgi', 'http'] as const).flatMap((protocol) => {
  const gateway = { ...GET, interface: `gateway-${protocol}` as const, module: 'backend' }
  const name = PROTOCOL_NAMES[protocol]
  return [
    {
      ...gateway,
      name: `gateway-${protocol}`,
      title: `Hello through ${name}, 13 bytes`,
      expected: 'Hello, World!',
    },
    {
      ...gateway,
      name: `gateway-${protocol}-64k`,
      title: `64 KiB through ${name}`,
      path: '/block',
      expected: BLOCK_SIZE,
    },
  ]
})

/** Every workload, in the order of the report. */
export const WORKLOADS: readonly Workload[] = [
  { ...GET, ...HELLO, name: 'hello', title: 'Hello, 13 bytes' },
  {
    ...GET,
    name: 'flask',
    title: 'JSON from Flask',
    module: 'flask_json',
    expected: '"message":"Hello, World!"',
  },
  {
    ...GET,
    name: 'django',
    title: 'Django page, a query and a template',
    module: 'django_page.wsgi',
    expected: '<h1>20 books</h1>',
  },
  {
    ...GET,
    name: 'upload',
    title: 'Upload of 10 MB',
    module: 'upload',
    connections: 4,
    upload: 10 * MEGABYTE,
    expected: String(10 * MEGABYTE),
  },
  {
    ...GET,
    name: 'download-pieces',
    title: 'Download of 100 MB from a generator',
    module: 'download',
    path: '/pieces',
    connections: 2,
    expected: DOWNLOAD_SIZE,
  },
  {
    ...GET,
    name: 'download-file',
    title: 'Download of 100 MB by wsgi.file_wrapper',
    module: 'download',
    path: '/file',
    connections: 2,
    expected: DOWNLOAD_SIZE,
  },
  {
    ...GET,
    name: 'slow-clients',
    title: 'Small answers beside 1,000 slow clients',
    module: 'upload',
    expected: '0',
    companions: { script: 'slow-clients.mjs', count: 1000 },
  },
  {
    ...GET,
    name: 'idle-connections',
    title: 'Hello beside 5,000 idle connections',
    module: 'hello',
    expected: 'Hello, World!',
    companions: { script: 'idle-connections.mjs', count: 5000 },
  },
  {
    ...GET,
    interface: 'script',
    name: 'script',
    title: 'Hello printed by a script, 14 bytes',
    module: 'hello',
    expected: 'Hello, World!',
  },
  {
    ...GET,
    interface: 'page',
    name: 'page',
    title: 'Page with a loop of 50 rows',
    module: 'rows',
    expected: '<tr><td>50</td><td>row 2500</td></tr>',
  },
  {
    ...GET,
    interface: 'publisher',
    name: 'publisher',
    title: 'Hello by the publisher of mod_python, 14 bytes',
    module: 'hello_publisher',
    path: '/hello_publisher/hello',
    expected: 'Hello, World!',
  },
  {
    ...ASGI,
    ...HELLO_ASGI,
    name: 'hello-asgi',
    title: 'Hello by ASGI, 13 bytes',
  },
  {
    ...ASGI,
    name: 'fastapi',
    title: 'JSON from FastAPI',
    module: 'fastapi_json',
    expected: '"message":"Hello, World!"',
  },
  {
    ...ASGI,
    name: 'wait',
    title: '10 ms of awaited I/O, 512 connections',
    module: 'wait_asgi',
    connections: 512,
    expected: 'waited',
  },
  {
    ...ASGI,
    name: 'stream',
    title: '64 KiB streamed in 16 pieces',
    module: 'stream_asgi',
    expected: 64 * 1024,
  },
  {
    ...ASGI,
    name: 'socket',
    title: 'Echo of 64 bytes by WebSocket',
    module: 'socket_asgi',
    expected: 'x'.repeat(64),
    socket: true,
  },
  {
    ...GET,
    interface: 'behind-nginx',
    name: 'behind-nginx',
    title: 'Hello behind nginx, 13 bytes',
    module: 'hello',
    expected: 'Hello, World!',
  },
  {
    ...GET,
    interface: 'behind-nginx',
    name: 'behind-nginx-64k',
    title: '64 KiB behind nginx',
    module: 'block',
    expected: BLOCK_SIZE,
  },
  ...TRANSPORTS,
  ...GATEWAYS,
]
