import { create } from 'zustand';
import { serviceSettings } from '../service/settings.ts';

const allViews = ['transform', 'generate', 'inpaint', 'extend', 'history', 'models', 'api'] as const;
export type View = (typeof allViews)[number];

/** The views of this page: models and API are the service's. */
export const views: readonly View[] = allViews.filter(
  (view) => !serviceSettings.alone || (view !== 'models' && view !== 'api'),
);

function current(): View {
  const name = location.hash.replace(/^#\/?/, '');
  return (views as readonly string[]).includes(name) ? (name as View) : 'transform';
}

/** Which view is shown; the address names it. */
export const useView = create<{ view: View }>(() => ({ view: current() }));
addEventListener('hashchange', () => useView.setState({ view: current() }));

export function go(view: View): void {
  location.hash = `/${view}`;
}
