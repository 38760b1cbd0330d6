export * from './browser.ts';
export { cachedSnapshot, otherLayout } from './layouts.ts';
export { builtInModel, findModel, type InstalledModel, installedModels, modelsFolder } from './library.ts';
export { folderState } from './state.ts';
export { writeSafetensors } from './write-safetensors.ts';
