import type { ServiceTask } from '../../core/process-group.ts'
import { resolveGroupValues } from '../options/group-options.ts'
import type { FullConfig } from '../options/schema.ts'
import { GENERAL } from '../options/table.ts'
import type { Problems } from '../option-types/problems.ts'
import { createCronPattern } from './cron-pattern.ts'
import { mergeEnvironment } from './group-environment.ts'
import { resolveLimitNames } from './limit-names.ts'
import { listIdentityVariables, resolveConfinement } from './resolve-confinement.ts'
import { createSetting, resolveProcesses, type GroupSources } from './resolve-groups.ts'
import type { CronJob, GroupPlan } from './resolved.ts'

type Service = FullConfig['services'][string]

/** Programs that answer no requests: each has a group of its own. */
export interface ServicePlans {
  readonly groups: readonly GroupPlan[]
  /** When the groups of those are wanted that run at times. */
  readonly jobs: readonly CronJob[]
}

/** Makes the groups of services and jobs; adds errors to `problems`. */
export function resolveServices(sources: GroupSources, problems: Problems): ServicePlans {
  const { services, cron } = sources.config
  const kept = Object.entries(services).flatMap(([name, service]) => {
    const where = ['services', name]
    return createGroup({ where, service, name: `service:${name}`, once: false }, sources, problems)
  })
  const jobs: CronJob[] = []
  const due = cron.flatMap(({ name, schedule, ...service }, index) => {
    const where = ['cron', String(index)]
    const group = `cron:${name ?? index + 1}`
    if (jobs.some((job) => job.group === group))
      problems.add([...where, 'name'], `another job is called ${JSON.stringify(name)}`)
    if (checkSchedule(schedule, where, problems)) jobs.push({ group, schedule })
    return createGroup({ where, service, name: group, once: true }, sources, problems)
  })
  return { groups: [...kept, ...due], jobs }
}

function checkSchedule(
  schedule: string | undefined,
  where: readonly string[],
  problems: Problems,
): schedule is string {
  const expected = 'expected five fields as in a crontab, such as "30 3 * * *", or "@daily"'
  if (schedule === undefined) {
    problems.add([...where, 'schedule'], `is missing; ${expected}`)
    return false
  }
  try {
    const pattern = createCronPattern(schedule)
    if (pattern.nextRun() !== null) return true
    problems.add([...where, 'schedule'], `${JSON.stringify(schedule)} never comes; ${expected}`)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    problems.add(
      [...where, 'schedule'],
      `${expected}, found ${JSON.stringify(schedule)}: ${reason}`,
    )
  }
  return false
}

interface NamedService {
  /** In the configuration. */
  readonly where: readonly string[]
  readonly service: Service
  /** Of the group. */
  readonly name: string
  readonly once: boolean
}

function createGroup(
  { where, service, name, once }: NamedService,
  sources: GroupSources,
  problems: Problems,
): GroupPlan[] {
  const { config, directory } = sources
  const { run, env, ...own } = service
  if (run === undefined) {
    problems.add(
      [...where, 'run'],
      'is missing; it says what is run: "module:function", "jobs.py" or a list of words',
    )
    return []
  }
  if (own.engine === 'embedded')
    problems.add(
      [...where, 'engine'],
      'is "embedded", but a program of its own needs a process of its own',
    )
  const values = { ...resolveGroupValues(GENERAL, config, own), engine: 'daemon' as const }
  const confinement = resolveConfinement({ name, values, config }, problems)
  const ownEnvironment = {
    ...listIdentityVariables({ account: confinement?.account }, values),
    ...config.env,
    ...env,
  }
  const task: ServiceTask = { name: name.replace(':', ' '), run, once }
  const { processes } = resolveProcesses(own.processes ?? 1)
  const setting = createSetting([], sources, values.home)
  return [
    {
      python: values.python,
      pythonSource: problems.locate(own.python === undefined ? ['python'] : [...where, 'python']),
      pythonDirectory: directory,
      ownEnvironment,
      group: {
        ...values,
        ...setting,
        ...WITHOUT_REQUESTS,
        name,
        service: task,
        processes: once ? 0 : processes,
        multiprocess: processes > 1,
        searchPath: [...setting.searchPath, directory],
        environment: mergeEnvironment(sources.environment, ownEnvironment),
        limitNames: resolveLimitNames({ where, own }, problems),
        confinement,
        scriptOwner: undefined,
      },
    },
  ]
}

const WITHOUT_REQUESTS = {
  isolation: 'shared',
  scaling: undefined,
  threads: 1,
  mainThread: false,
  preload: false,
  maximumRequests: 0,
  inactivityTimeout: 0,
  // The server is there for its clients, whatever becomes of a service.
  startAnyway: true,
} as const
