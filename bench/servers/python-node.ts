import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { APPLICATIONS, PROGRAMS } from '../environment/paths.ts'
import { installNodePackage } from './node-packages.ts'
import { Unavailable, type BenchServer, type LaunchContext } from './server.ts'

const PACKAGE = '@platformatic/python-node'
const VERSION = '2.0.0'
const LIBRARY = `
import os, sysconfig
name = sysconfig.get_config_var("INSTSONAME") or ""
folders = [sysconfig.get_config_var(key) or "" for key in ("LIBDIR", "LIBPL")]
folders.append(os.path.join("/usr/lib", sysconfig.get_config_var("MULTIARCH") or ""))
print(next((p for p in (os.path.join(f, name) for f in folders) if os.path.isfile(p)), ""))
`

/** Python inside Node by an addon in Rust, behind `node:http`. */
export const pythonNode: BenchServer = {
  name: 'python-node',
  title: `${PACKAGE}, embedded`,
  interfaces: ['asgi'],
  sockets: false,
  launch: (context) => {
    const folder = installNodePackage(context, `${PACKAGE}@${VERSION}`)
    return {
      command: process.execPath,
      args: [join(PROGRAMS, 'python-node.mjs'), folder, context.module, String(context.port)],
      directory: APPLICATIONS,
      environment: {
        ...context.environment,
        VIRTUAL_ENV: dirname(context.bin),
        LD_LIBRARY_PATH: linkLibrary(context, folder),
      },
    }
  },
}

/** Links the shared library of the other servers to the name that the addon expects. */
function linkLibrary({ bin }: LaunchContext, folder: string): string {
  const addon = join(
    folder,
    'node_modules',
    `${PACKAGE}-linux-x64-gnu`,
    'python-node.linux-x64-gnu.node',
  )
  if (!existsSync(addon)) throw new Unavailable(`${PACKAGE} has no addon for this platform`)
  const wanted = /libpython3\.\d+\.so\.1\.0/.exec(readFileSync(addon, 'latin1'))?.[0]
  const library = execFileSync(join(bin, 'python'), ['-c', LIBRARY], { encoding: 'utf8' }).trim()
  if (wanted === undefined || library === '')
    throw new Unavailable('the shared library of this Python was not found')
  const links = join(folder, 'lib')
  mkdirSync(links, { recursive: true })
  rmSync(join(links, wanted), { force: true })
  symlinkSync(library, join(links, wanted))
  return links
}
