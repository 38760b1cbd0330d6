import { create } from 'zustand';

export type View = 'waveform' | 'spectrogram' | 'both';

/** How sounds are drawn. */
export const useView = create<{ view: View }>(() => ({
  view: (localStorage.getItem('retone.view') as View) ?? (window.innerWidth < 700 ? 'waveform' : 'both'),
}));

export function setView(view: View): void {
  localStorage.setItem('retone.view', view);
  useView.setState({ view });
}
