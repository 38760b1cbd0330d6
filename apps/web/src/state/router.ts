import { create } from 'zustand';

export const views = ['transform', 'generate', 'inpaint', 'extend', 'history', 'models', 'api'] as const;
export type View = (typeof views)[number];

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
