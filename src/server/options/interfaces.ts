import { choice } from '../option-types/kinds.ts'

/** How an application is called. */
export const interfaces = choice(['auto', 'wsgi', 'asgi'])
