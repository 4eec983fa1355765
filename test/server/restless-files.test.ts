import { expect, test } from 'vitest'

import { RestlessFiles } from '../../src/server/restless-files.ts'

/** Files with a clock of the test. */
class Lab {
  now = 0
  readonly files = new RestlessFiles(() => this.now)

  /** Paths change together after some ms, and their change has an effect. */
  change(after: number, ...paths: string[]): { readonly calm: string[]; readonly found: string[] } {
    this.now += after
    const sifted = this.files.sift(paths)
    this.files.settle()
    return sifted
  }
}

test('a file that changes after each effect of its change is found at the sixth time', () => {
  const lab = new Lab()
  for (let i = 0; i < 5; i++)
    expect(lab.change(500, 'plot.png')).toEqual({ calm: ['plot.png'], found: [] })
  expect(lab.change(500, 'plot.png')).toEqual({ calm: [], found: ['plot.png'] })
  expect(lab.change(500, 'plot.png', 'app.py')).toEqual({ calm: ['app.py'], found: [] })
})

test('it counts again when it has rested', () => {
  const lab = new Lab()
  for (let i = 0; i < 8; i++) lab.change(500, 'plot.png')
  expect(lab.change(9000, 'plot.png').calm).toEqual([])
  expect(lab.change(10_000, 'plot.png').calm).toEqual(['plot.png'])
})

test('files that somebody edits are not restless', () => {
  const lab = new Lab()
  for (let i = 0; i < 20; i++) expect(lab.change(2000, 'app.py').found).toEqual([])
  for (let i = 0; i < 20; i++) expect(lab.change(100, `${i % 2}.py`).found).toEqual([])
})

test('what changes before there was an effect counts once', () => {
  const lab = new Lab()
  lab.now = 5000
  for (let i = 0; i < 20; i++) expect(lab.files.sift(['app.py']).found).toEqual([])
})
