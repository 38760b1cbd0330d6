export { buildApp, buildWorkerApp, closeInTime } from './app.ts';
export { openLog } from './logging.ts';
export { openStore } from './open-store.ts';
export { Service, type ServiceHooks } from './service.ts';
export type { ServiceLog } from './service-log.ts';
export { describeSettings, readSettings, type Settings, SettingsError, unknownSettings } from './settings.ts';
