import { describe, expect, test } from 'vitest'

import { TaipanError } from '../../src/core/errors.ts'
import { NO_DEMANDS, type LeftOut } from '../../src/core/process-group.ts'
import type { Aim } from '../../src/processes/member.ts'
import {
  chooseReplicaDemands,
  type KnownReplicas,
  type ReplicaFindings,
} from '../../src/replicas/replica-demands.ts'
import type { ReplicaFailure } from '../../src/replicas/replica.ts'
import { createFinding } from '../support/findings.ts'
import { createReplicaGroup } from '../support/replica-group.ts'

const ONE = createReplicaGroup('one', ['a', 'b'])
const TWO = createReplicaGroup('two', ['c', 'd'])
const WORKERS = createReplicaGroup('workers', ['c', 'd'], { engine: 'daemon' })

function ended(
  group: string,
  application: string | undefined,
  summary = 'it ended',
): ReplicaFailure {
  const failure = {
    code: 'APPLICATION_LOAD',
    application,
    summary,
    traceback: 'last words',
    ended: true,
  } as const
  return { error: new TaipanError('APPLICATION_LOAD', summary), ended: { group, failure } }
}

function leftOut(name: string): LeftOut {
  return { name, failure: 'it ended', traceback: 'last words' }
}

function choose(aim: Aim, changes: Partial<KnownReplicas> = {}): object | undefined {
  const groups = [ONE, TWO].map((group) => ({ group }))
  const demands = chooseReplicaDemands(aim, { groups, known: [], failed: [], ...changes })
  return demands && Object.fromEntries(demands)
}

/** A replica that serves what its findings say. */
function knownAs(findings: ReplicaFindings['findings']): ReplicaFindings {
  return { groups: [ONE, TWO, WORKERS], findings, failures: {} }
}

describe('the first replicas', () => {
  test('load everything', () => {
    expect(choose('start')).toEqual({ one: NO_DEMANDS, two: NO_DEMANDS })
  })

  test('leave out, in its group, what has ended the one before', () => {
    expect(choose('start', { failed: [ended('one', 'b')] })).toEqual({
      one: { ...NO_DEMANDS, leftOut: [leftOut('b')] },
      two: NO_DEMANDS,
    })
  })

  test('leave out one after the other, until nothing is left', () => {
    const failed = [ended('one', 'b'), ended('two', 'c'), ended('one', 'a')]
    expect(choose('start', { failed })).toEqual({
      one: { ...NO_DEMANDS, leftOut: [leftOut('b'), leftOut('a')] },
      two: { ...NO_DEMANDS, leftOut: [leftOut('c')] },
    })
    expect(choose('start', { failed: [...failed, ended('two', 'd')] })).toBeUndefined()
  })

  test('are given up when nobody knows what has ended the one before', () => {
    const error = new TaipanError('PYTHON_NOT_EMBEDDABLE', 'no shared library')
    expect(choose('start', { failed: [{ error }] })).toBeUndefined()
    expect(choose('start', { failed: [ended('three', 'a')] })).toBeUndefined()
    expect(choose('start', { failed: [ended('one', undefined)] })).toBeUndefined()
  })
})

describe('a replica in the place of a dead one', () => {
  test('leaves out what that had left out', () => {
    const broken = createFinding('b', { failure: 'it ended', leftOut: true })
    const known = [knownAs({ one: { python: '3.9.0', loop: undefined, applications: [broken] } })]
    expect(choose('fill', { known })).toEqual({
      one: { ...NO_DEMANDS, leftOut: [broken] },
      two: NO_DEMANDS,
    })
  })

  test('does so also where a group was not served at all', () => {
    const demanding = { ...ONE, demands: { ...NO_DEMANDS, leftOut: [leftOut('b')] } }
    const failures = { one: { message: 'application a could not be loaded', traceback: '' } }
    const known = [{ groups: [demanding, TWO], findings: {}, failures }]
    expect(choose('fill', { known })).toEqual({
      one: {
        ...NO_DEMANDS,
        leftOut: [createFinding('b', { ...leftOut('b'), interface: '', leftOut: true })],
      },
      two: NO_DEMANDS,
    })
  })
})

function found(...applications: readonly ReturnType<typeof createFinding>[]) {
  return { python: '3.9.0', loop: undefined, applications }
}

describe('a replica that is to be better', () => {
  const broken = createFinding('b', { failure: 'ValueError' })
  const left = createFinding('d', { failure: 'it ended', leftOut: true })

  test('has to serve one more of those that are broken in its group', () => {
    const known = [
      knownAs({ one: found(createFinding('a'), broken), two: found(createFinding('c')) }),
    ]
    expect(choose('repair', { known })).toEqual({
      one: { oneOf: ['b'], required: ['a'], leftOut: [] },
      two: { ...NO_DEMANDS, required: ['c'] },
    })
  })

  test('is judged when it is ready where several groups have broken ones', () => {
    const known = [
      knownAs({ one: found(createFinding('a'), broken), two: found(createFinding('c'), left) }),
    ]
    expect(choose('repair', { known })).toEqual({
      one: { ...NO_DEMANDS, required: ['a'] },
      two: { ...NO_DEMANDS, required: ['c'] },
    })
    // All the same it is worth nothing once all of them have ended it.
    expect(choose('repair', { known, failed: [ended('one', 'b')] })).toBeDefined()
    const failed = [ended('one', 'b'), ended('two', 'd')]
    expect(choose('repair', { known, failed })).toBeUndefined()
  })

  test('has to serve all that is broken in a group that was not served', () => {
    const failures = { one: { message: 'ValueError', traceback: '' } }
    const known = [{ groups: [ONE, TWO], findings: { two: found(createFinding('c')) }, failures }]
    expect(choose('repair', { known })).toEqual({
      one: { ...NO_DEMANDS, oneOf: ['a', 'b'] },
      two: { ...NO_DEMANDS, required: ['c'] },
    })
  })

  test('leaves it to worker processes to become better themselves', () => {
    const groups = [ONE, WORKERS].map((group) => ({ group }))
    const known = [
      knownAs({ one: found(createFinding('a'), broken), workers: found(createFinding('c'), left) }),
    ]
    expect(choose('repair', { groups, known })).toEqual({
      one: { oneOf: ['b'], required: ['a'], leftOut: [] },
      workers: { oneOf: [], required: ['c'], leftOut: [left] },
    })
  })
})

describe('a replica with new code', () => {
  const known = [
    knownAs({
      one: found(createFinding('a'), createFinding('b', { failure: 'it ended', leftOut: true })),
      two: found(createFinding('c'), createFinding('d')),
    }),
  ]

  test('has to serve what was served, and tries what was left out', () => {
    expect(choose('renew', { known })).toEqual({
      one: { ...NO_DEMANDS, required: ['a'] },
      two: { ...NO_DEMANDS, required: ['c', 'd'] },
    })
  })

  test('leaves out what was not served, but nothing else', () => {
    expect(choose('renew', { known, failed: [ended('one', 'b')] })).toEqual({
      one: { ...NO_DEMANDS, required: ['a'], leftOut: [leftOut('b')] },
      two: { ...NO_DEMANDS, required: ['c', 'd'] },
    })
    expect(choose('renew', { known, failed: [ended('two', 'c')] })).toBeUndefined()
  })
})
