import { create } from 'zustand';

export type Drawing = 'waveform' | 'spectrogram' | 'both';

/** How sounds are drawn. */
export const useDrawing = create<{ drawing: Drawing }>(() => ({
  drawing: (localStorage.getItem('retone.view') as Drawing) ?? (window.innerWidth < 700 ? 'waveform' : 'both'),
}));

export function draw(drawing: Drawing): void {
  localStorage.setItem('retone.view', drawing);
  useDrawing.setState({ drawing });
}
