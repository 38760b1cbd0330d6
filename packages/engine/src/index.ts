export * from './engine.ts';
export { defaultPrecision, type EngineSettings, engineSettings } from './settings.ts';
