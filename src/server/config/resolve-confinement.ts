import type { Account, Confinement, ResourceLimits, ScriptOwner } from '../../core/confinement.ts'
import { findAccount, findGroupId, wasRoot } from '../../processes/accounts.ts'
import type { OptionPath, Problems } from '../option-types/problems.ts'
import { resolveGroupValues, type GroupValues } from '../options/group-options.ts'
import type { FullConfig } from '../options/schema.ts'
import { GENERAL } from '../options/table.ts'

type Values = GroupValues<typeof GENERAL>

/** Options that need the rights of root, and those that are for processes of their own. */
const FOR_ROOT = ['user', 'group', 'supplementaryGroups', 'chroot'] as const
const FOR_PROCESSES = [
  ...FOR_ROOT,
  'home',
  'lang',
  'locale',
  'stackSize',
  'cpuPriority',
  'noNewPrivileges',
  'displayName',
  'scriptUser',
  'scriptGroup',
] as const

/** A group of the configuration, and what its options are. */
export interface ConfinedGroup {
  /** Empty: the server itself. */
  readonly name: string
  readonly values: Values
  readonly config: FullConfig
}

/** What the processes of a group become; undefined if nothing is asked for. Adds errors to `problems`. */
export function resolveConfinement(
  group: ConfinedGroup,
  problems: Problems,
): Confinement | undefined {
  const { values } = group
  if (values.engine === 'embedded') {
    refuseEmbedded(group, problems)
    return undefined
  }
  requireRoot(group, problems)
  const { umask, chroot, home, cpuPriority: niceness } = values
  if (chroot !== undefined) problems.checkFolder(pathOf(group, 'chroot'), chroot)
  else if (home !== undefined) problems.checkFolder(pathOf(group, 'home'), home)
  const account = resolveAccount(group, problems)
  const limits = resolveLimits(values)
  const noNewPrivileges = values.noNewPrivileges ?? account !== undefined
  const supplementaryGroups = resolveSupplementaryGroups(group, problems)
  const asked = [account, supplementaryGroups, umask, chroot, niceness]
  const isAsked =
    noNewPrivileges || Object.keys(limits).length > 0 || asked.some((one) => one !== undefined)
  if (!isAsked) return undefined
  return { account, supplementaryGroups, umask, chroot, limits, niceness, noNewPrivileges }
}

/** Variables by which programs know who they are and how they speak. */
export function listIdentityVariables(
  { account }: Pick<Confinement, 'account'>,
  { lang, locale }: Partial<Pick<Values, 'lang' | 'locale'>>,
): Record<string, string> {
  const { name, home } = account ?? {}
  return {
    ...(account !== undefined && { HOME: home ?? '/' }),
    ...(name !== undefined && { USER: name, LOGNAME: name }),
    ...(lang !== undefined && { LANG: lang }),
    ...(locale !== undefined && { LC_ALL: locale }),
  }
}

/** The user that the server becomes; undefined if it stays what it is. Adds errors to `problems`. */
export function resolveServerAccount(config: FullConfig, problems: Problems): Account | undefined {
  if (config.strict && wasRoot() && config.user === undefined)
    problems.add(['strict'], 'the server would run as root; name the "user" that it becomes')
  const server = { name: '', values: resolveGroupValues(GENERAL, config, {}), config }
  if (config.engine === 'embedded' || config.user === undefined) return undefined
  requireRoot(server, problems)
  return resolveAccount(server, problems)
}

/** The user and group that a process becomes; undefined if none is named. Adds errors to `problems`. */
function resolveAccount(group: ConfinedGroup, problems: Problems): Account | undefined {
  const { user, group: groupName } = group.values
  const where = pathOf(group, 'user')
  const gid = groupName === undefined ? undefined : findGroupId(groupName)
  if (groupName !== undefined && gid === undefined)
    problems.add(pathOf(group, 'group'), `this system has no group ${groupName}`)
  if (user === undefined) {
    if (groupName !== undefined)
      problems.add(pathOf(group, 'group'), `names a group without a user; name the "user", too`)
    return undefined
  }
  const found = findAccount(user)
  if (found === undefined) {
    const hint = /^\d+$/.test(user) ? `; a number is written as '#${user}'` : ''
    problems.add(where, `this system has no user ${user}${hint}`)
    return undefined
  }
  if (found.uid === 0) {
    problems.add(where, `${user} is root, who may do everything; name a user without such rights`)
    return undefined
  }
  if (found.gid < 0 && gid === undefined) {
    problems.add(where, `${user} has no entry among the users, so name its "group", too`)
    return undefined
  }
  return { ...found, gid: gid ?? found.gid }
}

/** Who must own the scripts of a group; undefined: anybody may. Adds errors to `problems`. */
export function resolveScriptOwner(
  group: ConfinedGroup,
  problems: Problems,
): ScriptOwner | undefined {
  const { scriptUser, scriptGroup } = group.values
  if (scriptUser !== undefined && scriptGroup !== undefined)
    problems.add(pathOf(group, 'scriptGroup'), 'stands beside scriptUser; name one of the two')
  if (scriptUser !== undefined) {
    const id = findAccount(scriptUser)?.uid
    if (id !== undefined) return { kind: 'user', id, name: scriptUser }
    problems.add(pathOf(group, 'scriptUser'), `this system has no user ${scriptUser}`)
  } else if (scriptGroup !== undefined) {
    const id = findGroupId(scriptGroup)
    if (id !== undefined) return { kind: 'group', id, name: scriptGroup }
    problems.add(pathOf(group, 'scriptGroup'), `this system has no group ${scriptGroup}`)
  }
  return undefined
}

function resolveSupplementaryGroups(
  group: ConfinedGroup,
  problems: Problems,
): readonly number[] | undefined {
  const names = group.values.supplementaryGroups?.flatMap((text) => text.split(/\s*,\s*/))
  const path = pathOf(group, 'supplementaryGroups')
  if (names !== undefined && group.values.user === undefined)
    problems.add(path, 'names groups without a user; name the "user", too')
  return names?.flatMap((name) => {
    const gid = findGroupId(name)
    if (gid === undefined) problems.add(path, `this system has no group ${name}`)
    return gid ?? []
  })
}

function resolveLimits({ memoryLimit, resourceLimits }: Values): ResourceLimits {
  const { processes, openFiles, fileSize, core } = resourceLimits
  const all = {
    DATA: memoryLimit.hard,
    NPROC: processes,
    NOFILE: openFiles,
    FSIZE: fileSize,
    CORE: core,
  }
  const limits: Record<string, number> = {}
  for (const [name, value] of Object.entries(all)) if (value !== undefined) limits[name] = value
  return limits
}

function requireRoot(group: ConfinedGroup, problems: Problems): void {
  if (wasRoot()) return
  const { values } = group
  const wanted: string[] = FOR_ROOT.filter((key) => values[key] !== undefined)
  if ((values.cpuPriority ?? 0) < 0) wanted.push('cpuPriority')
  for (const key of wanted)
    problems.add(
      pathOf(group, key),
      'needs a server that was started as root, and this one was not; leave it out, or start the server as root',
    )
}

function refuseEmbedded(group: ConfinedGroup, problems: Problems): void {
  const { values, config, name } = group
  const wanted: OptionPath[] = FOR_PROCESSES.filter((key) => values[key] !== undefined).map(
    (key) => [key],
  )
  // That of the server holds for Python inside of it, too.
  if (config.groups[name]?.umask !== undefined) wanted.push(['umask'])
  for (const section of ['memoryLimit', 'resourceLimits'] as const)
    for (const [key, value] of Object.entries(values[section]))
      if (value !== undefined) wanted.push([section, key])
  for (const path of wanted)
    problems.add(
      pathOf(group, ...path),
      `is for worker processes, but Python runs inside the server (engine "embedded"); leave it out, or use the engine "daemon"`,
    )
}

/** Where the option of a group was given: there, or for all. */
function pathOf({ name, config }: ConfinedGroup, ...keys: string[]): OptionPath {
  let own: unknown = config.groups[name]
  for (const key of keys)
    own = typeof own === 'object' && own !== null ? Reflect.get(own, key) : undefined
  return own === undefined ? keys : ['groups', name, ...keys]
}
