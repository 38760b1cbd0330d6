export { buildApp } from './app.ts';
export { Service, type ServiceHooks } from './service.ts';
export { describeSettings, readSettings, type Settings, SettingsError } from './settings.ts';
