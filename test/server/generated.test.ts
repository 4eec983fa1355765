import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import {
  fillTables,
  formatConfigurationTables,
  formatErrorTables,
  formatJsonSchema,
  formatServerTables,
} from '../../scripts/generated.ts'
import { formatHelp } from '../../src/cli/help.ts'
import { ERRORS } from '../../src/core/errors.ts'
import { CONTROL_COMMANDS } from '../../src/server/option-types/option.ts'
import { listFlags, listOptions } from '../../src/server/options/schema.ts'

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

const HINT = 'run "npm run generate"'

test('the JSON Schema is that of the code', () => {
  expect(read('schema/taipan.schema.json'), HINT).toBe(formatJsonSchema())
})

test('the tables of the configuration page are those of the code', () => {
  const page = read('docs/configuration.md')
  expect(page, HINT).toBe(fillTables(page, formatConfigurationTables()))
  for (const name of formatConfigurationTables().keys())
    expect(page).toContain(`<!-- table: ${name} -->`)
})

test('the tables of the page about other servers are those of the code', () => {
  const page = read('docs/coming-from.md')
  expect(page, HINT).toBe(fillTables(page, formatServerTables()))
  for (const name of formatServerTables().keys()) expect(page).toContain(`<!-- table: ${name} -->`)
})

test('the tables of the errors page are those of the code', () => {
  const page = read('docs/errors.md')
  expect(page, HINT).toBe(fillTables(page, formatErrorTables()))
  const named = [...page.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code)
  expect(named).toEqual(Object.keys(ERRORS))
})

describe('every option', () => {
  test('has one sentence', () => {
    for (const { key, description, flag } of listOptions()) {
      expect(description, key || flag?.name).toMatch(/^.{8,}[.)]$/)
    }
  })

  test('has a unique flag, variable and short name', () => {
    const flags = listFlags()
    const names = flags.map(({ flag }) => flag.name)
    const shorts = flags.flatMap(({ flag }) => flag.short ?? [])
    const variables = listOptions().flatMap(({ environment }) => environment ?? [])
    for (const list of [names, shorts, variables]) expect(new Set(list).size).toBe(list.length)
    for (const variable of variables) expect(variable).toMatch(/^TAIPAN_[A-Z_]+$/)
  })

  test('is in the help of its commands', () => {
    for (const { flag } of listFlags())
      for (const command of ['serve', 'check', 'path', ...CONTROL_COMMANDS] as const)
        expect(formatHelp(command).includes(` --${flag.name}`), `${command} ${flag.name}`).toBe(
          flag.commands.includes(command),
        )
  })
})

test('the flags are the documented ones', () => {
  const promised = `
      bind control lrwp engine processes preload threads loop concurrency ws-max-size ws-no-compression
      ws-ping-interval ws-ping-timeout ws-origin interface callable mount root-path static
      scripts upstream sessions python app-dir env env-file config reload dev log-level
      log-format no-access-log access-format access-file log-to help version json
      timeout-header timeout-body timeout-idle timeout-send timeout-shutdown timeout-startup
      timeout-request timeout-ping limit-header-bytes limit-header-count limit-target-bytes
      limit-body limit-connections limit-requests-per-connection queue-limit queue-timeout
      ws-close-timeout chdir umask maximum-requests maximum-requests-jitter restart-interval
      restart-interval-jitter interrupt-timeout graceful-timeout eviction-timeout
      inactivity-timeout cpu-time-limit memory-limit-soft hooks startup reload-dir
      reload-include reload-exclude editor dev-host no-refresh no-script-reloading compression tls-cert tls-key tls user group
      supplementary-group strict chroot home lang locale stack-size cpu-priority
      metrics memory-limit-hard display-name script-user script-group
      trust-proxy trust-proxy-header no-request-id
    `
  expect(
    listFlags()
      .map(({ flag }) => flag.name)
      .toSorted(),
  ).toEqual(promised.trim().split(/\s+/).toSorted())
})

test.each([undefined, 'serve', 'check', 'path', ...CONTROL_COMMANDS] as const)(
  'the help of %s fits into 100 columns',
  (command) => {
    for (const line of formatHelp(command).split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  },
)
