import type { TaipanConfig } from './options/schema.ts'

/**
 * Returns the configuration as it is; editors then know its shape.
 *
 * @example
 * ```ts
 * export default defineConfig({ app: 'shop.wsgi:application', static: { '/static': 'public' } })
 * ```
 */
export function defineConfig(config: TaipanConfig): TaipanConfig {
  return config
}
