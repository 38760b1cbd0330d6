/** Where a service logs; a logger is one. */
export type ServiceLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;
