import { fileURLToPath } from 'node:url';

/** Where `npm run build` puts the page. */
export const pageFolder = fileURLToPath(new URL('dist', import.meta.url));
