import { readFileSync, writeFileSync } from 'node:fs'

import {
  fillTables,
  formatConfigurationTables,
  formatErrorTables,
  formatJsonSchema,
  formatServerTables,
} from './generated.ts'

writeFileSync(new URL('../schema/taipan.schema.json', import.meta.url), formatJsonSchema())
for (const [name, tables] of [
  ['configuration', formatConfigurationTables()],
  ['errors', formatErrorTables()],
  ['coming-from', formatServerTables()],
] as const) {
  const page = new URL(`../docs/${name}.md`, import.meta.url)
  writeFileSync(page, fillTables(readFileSync(page, 'utf8'), tables))
}
