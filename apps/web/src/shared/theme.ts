import { create } from 'zustand';

type Choice = 'system' | 'light' | 'dark';
const place = 'retone.theme';
const preference = matchMedia('(prefers-color-scheme: dark)');

/** Light or dark: as the system has it, unless chosen otherwise. */
export const useTheme = create<{ choice: Choice; dark: boolean }>(() =>
  at((localStorage.getItem(place) as Choice) ?? 'system'),
);

function at(choice: Choice) {
  const dark = choice === 'dark' || (choice === 'system' && preference.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  return { choice, dark };
}

preference.addEventListener('change', () => useTheme.setState(at(useTheme.getState().choice)));

export function chooseTheme(choice: Choice): void {
  localStorage.setItem(place, choice);
  useTheme.setState(at(choice));
}
