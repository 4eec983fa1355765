import type { Environment } from '../server/config/environment.ts'
import type { LogFormat } from '../telemetry/logger.ts'

/** The log format that words or variables name, for errors that come before they can be parsed. */
export function findLogFormat(words: readonly string[], environment: Environment): LogFormat {
  const end = words.indexOf('--')
  const own = end < 0 ? words : words.slice(0, end)
  const last = own.findLastIndex((word) => /^--log-format(=|$)/.test(word))
  const [, inline] = own[last]?.split('=', 2) ?? []
  const flag = last < 0 ? undefined : (inline ?? own[last + 1])
  return (flag ?? environment['TAIPAN_LOG_FORMAT']) === 'json' ? 'json' : 'pretty'
}
