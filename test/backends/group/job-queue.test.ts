import { expect, test } from 'vitest'

import { JobQueue, type Job } from '../../../src/backends/group/job-queue.ts'
import { createPendingRequest, type PlainPendingRequest } from '../../support/fake-links.ts'

function createJob(sequence: number): Job & PlainPendingRequest {
  return { ...createPendingRequest(), sequence, since: sequence }
}

test('returns requests in order, urgent ones first', () => {
  const queue = new JobQueue(0)
  const jobs = Array.from({ length: 300 }, (_, index) => createJob(index))
  for (const job of jobs) queue.push(job)
  for (const job of jobs.slice(0, 200)) expect(queue.shift()).toBe(job)
  const first = createJob(1000)
  queue.unshift(first)
  expect(queue.length).toBe(101)
  for (const job of [first, ...jobs.slice(200)]) expect(queue.shift()).toBe(job)
  expect([queue.shift(), queue.peek(), queue.length]).toEqual([undefined, undefined, 0])
})

test('returns the oldest whose client is still connected, and drops the others', () => {
  const queue = new JobQueue(0)
  const jobs = [createJob(1), createJob(2), createJob(3)] as const
  for (const job of jobs) queue.push(job)
  jobs[0].exchange.leave()
  jobs[1].exchange.leave()
  expect([queue.peek(), queue.length]).toEqual([jobs[2], 1])
  jobs[2].exchange.leave()
  expect([queue.peek(), queue.length]).toEqual([undefined, 0])
})

test('removes unwanted requests, and keeps the order of the rest', () => {
  const queue = new JobQueue(0)
  const jobs = Array.from({ length: 6 }, (_, index) => createJob(index))
  for (const job of jobs) queue.push(job)
  queue.shift()
  expect(queue.extract(({ sequence }) => sequence % 2 === 0)).toEqual([jobs[2], jobs[4]])
  expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([
    jobs[1],
    jobs[3],
    jobs[5],
    undefined,
  ])
})
