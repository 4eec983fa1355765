import { join } from 'node:path'

/** The repository. */
export const ROOT = join(import.meta.dirname, '../..')
/** Folder of the Python applications. */
export const APPLICATIONS = join(ROOT, 'bench/applications')
/** Folder of the small programs that start a server. */
export const PROGRAMS = join(ROOT, 'bench/servers/programs')
/** Where reports are saved. */
export const RESULTS = join(ROOT, 'bench/results')
