import { expect, test } from 'vitest'

import { LoadingNews } from '../../src/replicas/loading-news.ts'
import { createReplicaGroup } from '../support/replica-group.ts'

function createNews(): LoadingNews {
  return new LoadingNews([
    createReplicaGroup('one', ['shop', 'api']),
    createReplicaGroup('two', ['blog']),
  ])
}

function take(news: LoadingNews, group: unknown, application: unknown): boolean {
  return news.take({ type: 'loading', group, application })
}

test('what was reported last is what is loaded, until its group says that it is over', () => {
  const news = createNews()
  expect(news.current).toBeUndefined()
  expect(take(news, 'one', 'shop')).toBe(true)
  expect(news.current).toEqual({ group: 'one', application: 'shop' })
  take(news, 'one', 'api')
  expect(news.current).toEqual({ group: 'one', application: 'api' })
  // A lifespan waits while the next group loads.
  take(news, 'two', 'blog')
  expect(news.current).toEqual({ group: 'two', application: 'blog' })
  take(news, 'two', null)
  expect(news.current).toEqual({ group: 'one', application: 'api' })
  take(news, 'one', null)
  expect(news.current).toBeUndefined()
})

test('a place is that of the load that was reported last', () => {
  const news = createNews()
  take(news, 'one', 'shop')
  const stands = { type: 'place', group: 'one', application: 'shop', place: 'x.py line 1' }
  expect(news.locate({ ...stands, stack: 'Stack' })).toBe(true)
  const place = { text: 'x.py line 1', stack: 'Stack' }
  expect(news.current).toEqual({ group: 'one', application: 'shop', place })
  take(news, 'one', 'api')
  expect(news.current).toEqual({ group: 'one', application: 'api' })
  expect(news.locate({ type: 'loading', group: 'one', application: 'shop' })).toBe(false)
  expect(news.take(stands)).toBe(false)
})

test('loading is over when every group has said so', () => {
  const news = createNews()
  expect(news.over).toBe(false)
  take(news, 'one', 'shop')
  take(news, 'one', null)
  expect(news.over).toBe(false)
  take(news, 'two', 'blog')
  expect(news.over).toBe(false)
  take(news, 'two', null)
  expect(news.over).toBe(true)
  // Then lifespans start.
  take(news, 'one', 'shop')
  expect(news.over).toBe(false)
})

test('a replica without Python has nothing to load', () => {
  expect(new LoadingNews([]).over).toBe(true)
})

test('names that are not in the plan are not blamed', () => {
  const news = createNews()
  expect(take(news, 'one', 'blog')).toBe(true)
  expect(take(news, 'one', 7)).toBe(true)
  expect(news.current).toBeUndefined()
  expect(take(news, 'three', 'shop')).toBe(false)
  expect(take(news, undefined, 'shop')).toBe(false)
  expect(news.take({ type: 'log', group: 'one', application: 'shop' })).toBe(false)
  expect(news.current).toBeUndefined()
})
