import { describe, expect, test } from 'vitest'

import { chooseDemands, isWorthwhile, leaveOut } from '../../../src/backends/group/demands.ts'
import { NO_DEMANDS, type Demands } from '../../../src/core/process-group.ts'
import { labApplication } from '../../support/backend-lab.ts'
import { createFinding } from '../../support/findings.ts'

const ENDED = {
  code: 'APPLICATION_LOAD',
  summary: 'the worker ended',
  traceback: 'last words',
  ended: true,
} as const

describe('a new worker', () => {
  const file = {
    ...labApplication({ name: 'file' }),
    kind: 'file',
    appDirectory: '/',
    appFilename: 'app.py',
    callable: 'app',
    callableQueryName: undefined,
  } as const
  const applications = [labApplication({ name: 'a' }), labApplication({ name: 'b' }), file]
  const findings = [
    createFinding('a'),
    createFinding('b', { failure: 'broken' }),
    createFinding('file'),
  ]

  test('has to serve what worked', () => {
    const { required } = chooseDemands('renew', { applications, found: findings, dev: false })
    expect(required).toEqual(['a'])
    // Of two workers one serves it.
    const both = { applications, found: [...findings, createFinding('b')], dev: false }
    expect(chooseDemands('renew', both).required).toEqual(['a', 'b'])
  })

  test('has to serve nothing while the newest code is wanted', () => {
    const killed = createFinding('c', { failure: 'killed', leftOut: true })
    const known = { applications, found: [...findings, killed], dev: true }
    expect(chooseDemands('renew', known)).toEqual(NO_DEMANDS)
    expect(chooseDemands('fill', known).leftOut).toEqual([killed])
  })

  test('that is to be better has to serve something that did not work, too', () => {
    const known = {
      applications,
      found: [...findings, createFinding('c', { failure: 'killed', leftOut: true })],
      dev: false,
    }
    expect(chooseDemands('repair', known)).toEqual({
      oneOf: ['b', 'c'],
      required: ['a', 'file'],
      leftOut: [],
    })
  })

  test('in the place of another leaves out what that has left out', () => {
    const killed = createFinding('c', { failure: 'killed', leftOut: true })
    const known = { applications, found: [...findings, killed], dev: false }
    expect(chooseDemands('fill', known)).toEqual({ ...NO_DEMANDS, leftOut: [killed] })
  })
})

describe('what has ended a worker', () => {
  const applications = [{ name: 'a' }, { name: 'b' }, { name: 'c' }].map(labApplication)

  function demand(changes: Partial<Demands> = {}): Demands {
    return { ...NO_DEMANDS, ...changes }
  }

  function without(demands: Demands, ...names: readonly string[]): Demands | undefined {
    let all: Demands | undefined = demands
    for (const application of names) all = all && leaveOut(all, { ...ENDED, application })
    return all && isWorthwhile([{ applications, demands: all }]) ? all : undefined
  }

  test('is left out by the next, one after the other, as long as something else is left', () => {
    expect(without(demand(), 'b', 'a')?.leftOut).toEqual([
      { name: 'b', failure: 'the worker ended', traceback: 'last words' },
      { name: 'a', failure: 'the worker ended', traceback: 'last words' },
    ])
    expect(without(demand(), 'b', 'a', 'c')).toBeUndefined()
  })

  test('is not left out when it is required, or the last that could be repaired', () => {
    expect(without(demand({ required: ['b'] }), 'b')).toBeUndefined()
    expect(without(demand({ required: ['b'] }), 'a')).toBeDefined()
    expect(without(demand({ oneOf: ['a', 'b'] }), 'b')).toBeDefined()
    expect(without(demand({ oneOf: ['a', 'b'] }), 'b', 'a')).toBeUndefined()
  })

  test('is left out once: what ends another by it all the same is given up', () => {
    expect(without(demand(), 'b', 'b')).toBeUndefined()
  })

  test('is not what has told why it cannot be loaded, nor what nobody knows', () => {
    expect(leaveOut(demand(), { ...ENDED, ended: false, application: 'a' })).toBeUndefined()
    expect(leaveOut(demand(), { ...ENDED, application: undefined })).toBeUndefined()
  })
})
