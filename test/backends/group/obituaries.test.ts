import { expect, test } from 'vitest'

import { Obituaries, type Mourner } from '../../../src/backends/group/obituaries.ts'

class Worker implements Mourner {
  mourns = true
  ready = true
  readonly told: number[] = []

  tellEnd(pid: number): void {
    this.told.push(pid)
  }
}

test('one living worker is told of an end, once', () => {
  const obituaries = new Obituaries<Worker>()
  const [one, two] = [new Worker(), new Worker()]
  obituaries.note(new Worker(), 7, [one, two])
  obituaries.tell([two])
  expect([one.told, two.told]).toEqual([[7], []])
  obituaries.finish(7)
  obituaries.note(one, 8, [two])
  expect(two.told).toEqual([8])
})

test('what nobody lives to hear is told to the next one', () => {
  const obituaries = new Obituaries<Worker>()
  const starting = new Worker()
  starting.ready = false
  obituaries.note(new Worker(), 7, [])
  obituaries.note(new Worker(), 8, [starting])
  starting.ready = true
  obituaries.tell([starting])
  expect(starting.told).toEqual([7, 8])
})

test('what a worker was told and has not done is told again after its end', () => {
  const obituaries = new Obituaries<Worker>()
  const [one, two] = [new Worker(), new Worker()]
  obituaries.note(new Worker(), 7, [one])
  obituaries.note(new Worker(), 8, [one])
  obituaries.finish(7)
  obituaries.note(one, 9, [two])
  expect(two.told).toEqual([8, 9])
})

test('nothing is kept where no application wants to know, and not without a bound', () => {
  const obituaries = new Obituaries<Worker>()
  const [silent, mourner] = [new Worker(), new Worker()]
  silent.mourns = false
  obituaries.note(silent, 7, [mourner])
  expect(mourner.told).toEqual([])
  for (let pid = 0; pid < 5000; pid++) obituaries.note(new Worker(), pid, [])
  obituaries.tell([mourner])
  expect(mourner.told).toHaveLength(1000)
})
