import { buildPage } from '../build.ts';

/** Builds the page that the tests open, where it has changed. */
export const setup = buildPage;
