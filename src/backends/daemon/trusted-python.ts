import { TaipanError } from '../../core/errors.ts'
import { isRoot } from '../../processes/accounts.ts'
import { isOnlyRoots, resolveLinks } from '../../processes/trusted-file.ts'

const USUAL = ['/usr/bin/python3', '/usr/local/bin/python3', '/opt/homebrew/bin/python3']

/**
 * A Python that may run with the rights of root before a worker becomes its user: only root can change it. The
 * interpreter of the group is one if it is, behind its symbolic links, as in a virtual environment. Throws
 * PYTHON_START.
 */
export function findTrustedPython({ name, python }: { name: string; python: string }): string {
  if (!isRoot()) return python
  for (const candidate of [python, ...USUAL]) {
    const file = resolveLinks(candidate)
    if (file !== undefined && isOnlyRoots(file)) return file
  }
  throw new TaipanError(
    'PYTHON_START',
    `a worker of group ${name} cannot become another user: others than root can change ${python}, which would run with the rights of root, and none of ${USUAL.join(', ')} is there to do it; install one, or let root own that Python`,
  )
}
