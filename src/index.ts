export { ERRORS, TaipanError } from './core/errors.ts'
export type { ErrorCode, ErrorFacts, Fault } from './core/errors.ts'
export type { Exchange, Handler } from './core/exchange.ts'
export type {
  AccessFunction,
  CheckPassword,
  GetRealmHash,
  GroupsForUser,
} from './pipeline/guard/function-guard.ts'
export type { DispatchChoice, DispatchFunction } from './pipeline/dispatch/choosers.ts'
export type { GuardRequest } from './pipeline/guard/guard-request.ts'
export type { InterpreterMap } from './pipeline/scripts/interpreter-map.ts'
export type { App } from './server/app.ts'
export { createApp } from './server/create-app.ts'
export type { AppOptions } from './server/create-app.ts'
export { defineConfig } from './server/define-config.ts'
export type { TaipanConfig } from './server/options/schema.ts'
export { serve } from './server/serve.ts'
export type { ServeOptions } from './server/serve.ts'
export type { Server } from './server/server.ts'
