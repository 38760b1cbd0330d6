export * from './operators.ts';
export * from './products.ts';
