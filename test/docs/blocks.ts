import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/cli.ts'

/** A fenced block of a page. */
export interface Block {
  /** `docs/recipes.md:12`: page and line. */
  readonly place: string
  readonly language: string
  /** Words after the language: `in=django`, `file=app.py`. */
  readonly marks: ReadonlyMap<string, string>
  readonly text: string
}

/** Pages of the documentation, relative to the repository. */
function listPages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
  return ['README.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`)]
}

/** All fenced blocks of all pages. */
export function listBlocks(): Block[] {
  return listPages().flatMap((page) => parseBlocks(page, readFileSync(join(ROOT, page), 'utf8')))
}

function parseBlocks(page: string, source: string): Block[] {
  const blocks: Block[] = []
  const fence = /^```(\S*)(.*)\n([^]*?)^```$/gm
  for (const match of source.matchAll(fence)) {
    const [, language = '', words = '', text = ''] = match
    const line = source.slice(0, match.index).split('\n').length
    const marks = words.split(' ').filter((word) => word !== '')
    blocks.push({
      place: `${page}:${line}`,
      language,
      marks: new Map(marks.map((word) => splitMark(word))),
      text,
    })
  }
  return blocks
}

function splitMark(word: string): [string, string] {
  const [name = '', value = ''] = word.split('=')
  return [name, value]
}

/** A command line for users. */
export interface TypedCommand {
  readonly place: string
  /** Without prompt and comment. */
  readonly line: string
  /** The folder where it is typed. */
  readonly site: string
}

/** The `taipan` commands of all blocks of shell lines. */
export function listCommands(): TypedCommand[] {
  return listBlocks()
    .filter(({ language }) => ['', 'sh', 'console'].includes(language))
    .flatMap(({ place, marks, text }) =>
      joinLines(text)
        .map((line) => line.replace(/^\$ /, '').replace(/\s{2,}#.*$/, '').trim())
        .filter((line) => /^(?:[A-Z_]+=\S+ )*(?:npx (?:-- )?)?taipan /.test(line))
        .map((line) => ({ place, line, site: marks.get('in') ?? 'site' })),
    )
}

function joinLines(text: string): string[] {
  return text.replaceAll(/\\\n\s*/g, '').split('\n')
}
