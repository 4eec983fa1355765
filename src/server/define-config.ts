import type { TaipanConfig } from './options/schema.ts'

/**
 * Returns the configuration unchanged; editors then know its type.
 *
 * @example
 * ```ts
 * export default defineConfig({ app: 'shop.wsgi:application', static: { '/static': 'public' } })
 * ```
 */
export function defineConfig(config: TaipanConfig): TaipanConfig {
  return config
}
