import { join } from 'node:path'

/** The repository. */
export const ROOT = join(import.meta.dirname, '../..')
/** Folder of the Python applications. */
export const APPLICATIONS = join(ROOT, 'bench/applications')
/** Folder of the programs that start servers. */
export const PROGRAMS = join(ROOT, 'bench/servers/programs')
/** Folder of saved reports. */
export const RESULTS = join(ROOT, 'bench/results')
/** Folder of scripts and pages. */
export const SITE = join(ROOT, 'bench/site')
