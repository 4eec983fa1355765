import { join } from 'node:path'

import { PYTHON } from '../../applications/support/site.ts'
import { ROOT } from '../cli.ts'
import type { PeerKind } from './peer.ts'
import type { Place } from './place.ts'
import type { Command } from './program.ts'

/** Folder of the gateway lab and of the programs around it. */
export const FIXTURES = join(ROOT, 'test/fixtures/peers')

/** Threads of flup, which takes one request a connection. */
export const flup: PeerKind = {
  name: 'flup',
  protocols: ['fastcgi', 'scgi'],
  needs: [PYTHON],
  command: ({ protocol, bind }) => runPython('flup_server.py', protocol, bind),
}

/** A FastCGI application of flup, which gets its socket as descriptor 0. */
export const spawnFcgi: PeerKind = {
  name: 'spawn-fcgi',
  protocols: ['fastcgi'],
  needs: ['/usr/bin/spawn-fcgi', PYTHON],
  command({ bind, port }) {
    const { program, args, ...rest } = runPython('flup_server.py', 'fastcgi')
    const socket = port === undefined ? ['-s', bind] : ['-a', '127.0.0.1', '-p', String(port)]
    return {
      program: '/usr/bin/spawn-fcgi',
      args: ['-n', ...socket, '--', program, ...args],
      ...rest,
    }
  },
}

/** The package `scgi`: processes, each of which takes a connection from a parent. */
export const scgi: PeerKind = {
  name: 'scgi',
  protocols: ['scgi'],
  tcpOnly: true,
  needs: [PYTHON],
  command: ({ port, children }) => runPython('scgi_server.py', String(port), String(children)),
}

/** An application of Quixote on the server that it has for SCGI. */
export const quixote: PeerKind = {
  name: 'Quixote',
  protocols: ['scgi'],
  tcpOnly: true,
  needs: [PYTHON],
  command: ({ port, children }) => runPython('quixote_server.py', String(port), String(children)),
}

/** gunicorn, which also speaks uwsgi. */
export const gunicorn: PeerKind = {
  name: 'gunicorn',
  protocols: ['uwsgi', 'http'],
  needs: [PYTHON],
  command: (place) =>
    runModule('gunicorn', [
      `--protocol=${place.protocol}`,
      `--bind=${formatBind(place, 'unix:')}`,
      `--workers=${place.children}`,
      '--uwsgi-allow-from=*',
      '--forwarded-allow-ips=*',
      'gateway_lab:application',
    ]),
}

/** Twisted as a server of its own, with an application by WSGI. */
export const twisted: PeerKind = {
  name: 'Twisted',
  protocols: ['http'],
  // On a Unix socket every request of an application by WSGI fails.
  tcpOnly: true,
  needs: [PYTHON],
  command({ bind, port }) {
    const listen = port === undefined ? `unix:${bind}` : `tcp:${port}:interface=127.0.0.1`
    const words = ['web', '--listen', listen, '--wsgi', 'gateway_lab.application']
    return runModule('twisted', words)
  },
}

/** uvicorn, with an application by ASGI. */
export const uvicorn: PeerKind = {
  name: 'uvicorn',
  protocols: ['http'],
  needs: [PYTHON],
  command({ bind, port }) {
    const listen = port === undefined ? [`--uds=${bind}`] : ['--host=127.0.0.1', `--port=${port}`]
    return runModule('uvicorn', [...listen, 'gateway_lab_asgi:application'])
  },
}

function runPython(file: string, ...args: readonly string[]): Command {
  return { program: PYTHON, args: [join(FIXTURES, file), ...args], cwd: FIXTURES, env: ENVIRONMENT }
}

function runModule(name: string, args: readonly string[]): Command {
  return { program: PYTHON, args: ['-m', name, ...args], cwd: FIXTURES, env: ENVIRONMENT }
}

const ENVIRONMENT = { PYTHONUNENVIRONMENT: '1', PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: FIXTURES }

function formatBind({ bind, port }: Place, prefix: string): string {
  return port === undefined ? `${prefix}${bind}` : bind
}
