export * from './browser.ts';
export { compileGraph, openCompiled } from './compiled.ts';
export { runtimeVersion } from './doors/node.ts';
