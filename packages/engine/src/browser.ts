export { type BrowserRuntime, configureRuntime } from '@retone/runtime/web';
export * from './engine.ts';
