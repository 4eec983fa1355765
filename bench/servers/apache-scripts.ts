import { chmodSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SITE } from '../environment/paths.ts'
import { createApache, findApacheModule } from './apache.ts'
import type { BenchServer, LaunchContext } from './server.ts'

const interfaces = ['script', 'page', 'publisher'] as const

/** Python in each process of Apache, which serves one request at a time; a handler instead of a script. */
export const modPython: BenchServer = {
  name: 'mod-python',
  title: 'mod_python, processes',
  interfaces,
  launch: (context) => createModPython(context, true),
}

/** Python in the only process of Apache, on Apache's threads. */
export const modPythonThreads: BenchServer = {
  name: 'mod-python-threads',
  title: 'mod_python, threads',
  interfaces,
  launch: (context) => createModPython(context, false),
}

/** A program for each request. */
export const modCgid: BenchServer = {
  name: 'mod-cgid',
  title: 'mod_cgid, Python',
  interfaces: ['script'],
  forgetsChildren: true,
  launch(context) {
    writeProgram(context)
    return {
      path: `/${context.module}.py`,
      ...createApache(context, {
        modules: {
          alias_module: findApacheModule('mod_alias.so', 'apache2'),
          cgid_module: findApacheModule('mod_cgid.so', 'apache2'),
        },
        folder: context.scratch,
        lines: [`ScriptSock ${context.scratch}/cgid.sock`, `ScriptAlias / ${context.scratch}/`],
      }),
    }
  },
}

function createModPython(context: LaunchContext, processes: boolean) {
  const { path, handler } = chooseHandler(context)
  return {
    ...(path === undefined ? {} : { path }),
    ...createApache(context, {
      modules: {
        // The publisher asks for the extensions of handlers, and Apache ends where nothing knows them.
        mime_module: findApacheModule('mod_mime.so', 'apache2'),
        python_module: findApacheModule('mod_python.so', 'libapache2-mod-python'),
      },
      processes,
      folder: SITE,
      folderLines: ['  SetHandler mod_python', `  PythonHandler ${handler}`],
      lines: [`DocumentRoot ${SITE}`, 'TypesConfig /dev/null'],
    }),
  }
}

/** What runs a workload, and its path where that is not the workload's. */
function chooseHandler({ interface: kind, module }: LaunchContext) {
  if (kind === 'publisher') return { handler: 'mod_python.publisher' }
  if (kind === 'page') return { handler: 'mod_python.psp', path: `/${module}.psp` }
  return { handler: `${module}_handler`, path: `/${module}` }
}

/** Not with the virtual environment, which takes its own time to be found. */
function writeProgram({ bin, module, scratch }: LaunchContext): void {
  const program = join(scratch, `${module}.py`)
  const script = readFileSync(join(SITE, `${module}.py`), 'utf8')
  writeFileSync(program, `#!${realpathSync(join(bin, 'python'))}\n${script}`)
  chmodSync(program, 0o755)
}
