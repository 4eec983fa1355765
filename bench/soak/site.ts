import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { APPLICATIONS, ROOT } from '../environment/paths.ts'
import type { Program } from '../measure/children.ts'
import type { Engine } from './options.ts'

/** Modules of `bench/applications` by path: WSGI and ASGI applications in one server. */
const MODULES = {
  '/hello': 'hello',
  '/flask': 'flask_json',
  '/upload': 'upload',
  '/hello-asgi': 'hello_asgi',
  '/fastapi': 'fastapi_json',
  '/upload-asgi': 'upload_asgi',
  '/stream': 'stream_asgi',
  '/socket': 'socket_asgi',
} as const

/** Parameters of the site. */
export interface SoakSite {
  readonly engine: Engine
  readonly port: number
  /** Folder for the configuration. */
  readonly folder: string
  /** Interpreter of the virtual environment. */
  readonly python: string
}

/** Path of the WebSocket echo. */
export const SOCKET_PATH = '/socket'

/** The command that serves all applications, with a configuration written for it. */
export function createSite({ engine, port, folder, python }: SoakSite): Program {
  const paths = Object.entries(MODULES)
  const configuration = {
    bind: `127.0.0.1:${port}`,
    python,
    groups: { main: { engine, processes: 1 } },
    apps: Object.fromEntries(
      paths.map(([, module]) => [
        module,
        { target: `${module}:application`, appDirectory: APPLICATIONS },
      ]),
    ),
    routes: paths.map(([path, module]) => ({ path, app: module })),
    log: { access: false, level: 'warn' },
  }
  const path = join(folder, `soak-${engine}.config.json`)
  writeFileSync(path, JSON.stringify(configuration))
  return {
    command: process.execPath,
    args: [join(ROOT, 'dist/cli/main.js'), 'serve', '--config', path],
  }
}
