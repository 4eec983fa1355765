import { setImmediate } from 'node:timers/promises'
import { loadCommandPlan } from '../server/load-plan.ts'
import type { Environment } from '../server/config/environment.ts'
import type { ServerPlan } from '../server/config/resolved.ts'
import { createServer } from '../server/create-server.ts'
import { LiveLogs } from '../server/live-logs.ts'
import { reportFindings } from '../server/report-findings.ts'
import { collectWhenIdle } from '../server/idle-collection.ts'
import type { ManagedServer } from '../server/managed-server.ts'
import { resolveLogSettings } from '../server/log-settings.ts'
import { reportPlaces } from '../server/report-places.ts'
import { isRoot } from '../processes/accounts.ts'
import { resolveColors } from '../telemetry/palette.ts'
import { describeInput, type CommandLine } from './arguments.ts'
import { reportError } from './report-error.ts'
import { openServiceManager, type ServiceManager } from './service-manager.ts'
import { SignalHandling } from './signals.ts'
import { StartProgress } from './start-progress.ts'
import { findTerminal } from './terminal.ts'

/** `taipan serve`: runs until it is stopped by a signal; resolves with the exit code. */
export async function runServe(line: CommandLine, environment: Environment): Promise<number> {
  const plan = await loadCommandPlan(describeInput(line, environment))
  if (plan.umask !== undefined) process.umask(plan.umask)
  const stream = plan.log.to === 'stderr' ? process.stderr : process.stdout
  const colors = resolveColors(environment, stream.isTTY)
  const defaults = { level: 'info', access: true, to: 'stdout', colors } as const
  const logs = await LiveLogs.open(resolveLogSettings(plan.log, defaults))
  const { logger } = logs
  if (process.pid === 1) {
    const { reapOrphans } = await import('../server/orphans.ts')
    await reapOrphans(logger)
  }
  try {
    if (isRoot() && plan.account === undefined)
      logger.warn({}, 'running as root: name a user with --user, which the server then becomes')
    using manager = await openServiceManager(environment, logger)
    // Python must not run in this process: a crash would end it.
    const server = await createServer(plan, {
      logger,
      accessLog: logs.accessLog,
      settings: logs.settings,
      inProcess: false,
      onReload: (reloading) => manager.followReload(reloading),
      changes:
        plan.configFile === undefined
          ? undefined
          : {
              load: () => loadCommandPlan({ ...describeInput(line, environment), anew: true }),
              prepareLogs: ({ log }) => logs.prepareOther(resolveLogSettings(log, defaults)),
            },
    })
    return await runServer(server, plan, { logs, manager })
  } catch (error) {
    await logger.written()
    // Only the plan knows the format that a configuration file names.
    return reportError(error, logs.settings.format)
  } finally {
    await logger.close()
  }
}

async function runServer(
  server: ManagedServer,
  plan: ServerPlan,
  { manager, logs }: { readonly manager: ServiceManager; readonly logs: LiveLogs },
): Promise<number> {
  const { logger } = logs
  const reopen = (): void => logs.reopen()
  const terminal = findTerminal(plan)
  using signals = new SignalHandling({ server, logger, reopen, terminal, manager })
  server.onStopAsked(() => signals.stopAsAsked())
  try {
    using _progress = new StartProgress(plan, server, logger)
    await server.start()
  } catch (error) {
    // After a stop signal, failures are its consequence.
    if (signals.stopping === undefined) throw error
    await signals.stopping
    return 0
  }
  // Lets Node read what workers printed before they became ready, so that it is logged before the announcement.
  await setImmediate()
  reportFindings(plan, server, logger)
  reportPlaces(server, logger)
  manager.tellReady(`listening on ${server.urls.join(', ')}`)
  await collectWhenIdle({ countExchanges: () => server.exchanges })
  await signals.waitForStop()
  return 0
}
