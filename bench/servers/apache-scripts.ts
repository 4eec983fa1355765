import { chmodSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SITE } from '../environment/paths.ts'
import { createApache, findApacheModule } from './apache.ts'
import type { BenchServer, LaunchContext } from './server.ts'

/** Python in each process of Apache, which serves one request at a time; a handler instead of a script. */
export const modPython: BenchServer = {
  name: 'mod-python',
  title: 'mod_python, processes',
  interfaces: ['script', 'page'],
  launch: (context) => createModPython(context, true),
}

/** Python in the only process of Apache, on Apache's threads. */
export const modPythonThreads: BenchServer = {
  name: 'mod-python-threads',
  title: 'mod_python, threads',
  interfaces: ['script', 'page'],
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
  const isPage = context.interface === 'page'
  return {
    path: isPage ? `/${context.module}.psp` : `/${context.module}`,
    ...createApache(context, {
      modules: { python_module: findApacheModule('mod_python.so', 'libapache2-mod-python') },
      processes,
      folder: SITE,
      folderLines: [
        '  SetHandler mod_python',
        `  PythonHandler ${isPage ? 'mod_python.psp' : `${context.module}_handler`}`,
      ],
      lines: [`DocumentRoot ${SITE}`],
    }),
  }
}

/** Not with the virtual environment, which takes its own time to be found. */
function writeProgram({ bin, module, scratch }: LaunchContext): void {
  const program = join(scratch, `${module}.py`)
  const script = readFileSync(join(SITE, `${module}.py`), 'utf8')
  writeFileSync(program, `#!${realpathSync(join(bin, 'python'))}\n${script}`)
  chmodSync(program, 0o755)
}
