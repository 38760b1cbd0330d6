export { buildApp, buildWorkerApp, closeInTime } from './app.ts';
export { openLog } from './logging.ts';
export { openStore, Service, type ServiceHooks, type ServiceLog } from './service.ts';
export { describeSettings, readSettings, type Settings, SettingsError, unknownSettings } from './settings.ts';
