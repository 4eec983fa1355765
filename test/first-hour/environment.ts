import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { PYTHON } from '../applications/support/site.ts'

/** Folder of the virtual environment with the frameworks. */
export const ENVIRONMENT = dirname(dirname(PYTHON))

/** Makes a virtual environment with the same packages in it, without starting a process. */
export function makeEnvironment(folder: string): void {
  const [version = ''] = readdirSync(join(ENVIRONMENT, 'lib'))
  const packages = join('lib', version, 'site-packages')
  mkdirSync(join(folder, packages), { recursive: true })
  writeFileSync(join(folder, packages, 'all.pth'), join(ENVIRONMENT, packages))
  for (const name of ['bin/python', 'bin/python3', `bin/${version}`, 'pyvenv.cfg'])
    cpSync(join(ENVIRONMENT, name), join(folder, name), { verbatimSymlinks: true })
}
